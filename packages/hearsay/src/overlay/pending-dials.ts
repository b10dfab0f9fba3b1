import type { OverlayCandidate } from './overlay-candidate.ts'

/** A dial of an address that takes longer does not keep others from being tried beside it. */
const SLOW_DIAL_MS = 2_000

/**
 * … and a link over a session, which is one round trip: the session may be dead without having been found out. Where
 * many died at once several in a row are, and a neighbour is missing all that time.
 */
const SLOW_LINK_MS = 500

interface PendingDial {
  readonly overSession: boolean
  readonly slowAt: number
  /** The session that it goes over has fallen silent. */
  isSilent: boolean
}

/** The overlay dials under way: how many still count, and how many of these are worth waiting for. */
export class PendingDials {
  readonly #dials = new Map<OverlayCandidate, PendingDial>()

  /** Those that may still succeed. */
  get size(): number {
    let count = 0
    for (const { isSilent } of this.#dials.values()) if (!isSilent) count++
    return count
  }

  has(candidate: OverlayCandidate): boolean {
    return this.#dials.has(candidate)
  }

  add(candidate: OverlayCandidate, overSession: boolean, now: number): void {
    const slowAt = now + (overSession ? SLOW_LINK_MS : SLOW_DIAL_MS)
    this.#dials.set(candidate, { overSession, slowAt, isSilent: false })
  }

  delete(candidate: OverlayCandidate): void {
    this.#dials.delete(candidate)
  }

  /** The session with this candidate fell silent: nothing is expected any more of a link that was to go over it. */
  handleSilence(candidate: OverlayCandidate): void {
    const dial = this.#dials.get(candidate)
    if (dial?.overSession === true) dial.isSilent = true
  }

  /** Those that have not taken long yet. */
  quick(now: number): number {
    let count = 0
    for (const { slowAt, isSilent } of this.#dials.values()) if (!isSilent && now < slowAt) count++
    return count
  }

  /** When each of them is slow. */
  *slowTimes(): IterableIterator<number> {
    for (const { slowAt } of this.#dials.values()) yield slowAt
  }
}
