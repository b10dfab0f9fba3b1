import { OverlaySimulation } from './overlay-simulation.ts'
import type { OverlaySimulationOptions } from './overlay-simulation.ts'

export interface OverlayFiguresOptions extends OverlaySimulationOptions {
  /** How much of the room dies at once. @default 0.3 */
  readonly killed?: number
}

/** How a simulated room takes it that many of it die at once, in virtual time. */
export interface OverlayFigures {
  /** Links that a member has on average, before. */
  readonly linksPerMember: number
  /** Until those who are left are one mesh, and stay it. */
  readonly oneAgainMs: number
  /** … until none of them holds a link to the dead, and each as many to the living as it looks for. */
  readonly wholeAgainMs: number
}

const LIMIT_MS = 120_000

const STEP_MS = 50

/** Measures a room on a virtual clock: once it has come to rest, so many of it are killed. */
export function measureOverlay({ killed = 0.3, ...options }: OverlayFiguresOptions): OverlayFigures {
  const overlay = new OverlaySimulation(options)
  overlay.runUntil(() => overlay.isWhole, LIMIT_MS)
  overlay.run(10_000)
  const { linksPerMember, now: killedAt } = overlay
  overlay.kill(Math.round(killed * options.members))
  let oneAgainMs = 0
  const look = (): boolean => {
    if (!overlay.isOne) oneAgainMs = overlay.now - killedAt + STEP_MS
    return overlay.isWhole
  }
  const wholeAgainMs = overlay.runUntil(look, LIMIT_MS, STEP_MS)
  return { linksPerMember, oneAgainMs, wholeAgainMs }
}
