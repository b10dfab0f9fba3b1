import type { LivenessOptions } from '../constants.ts'

export interface LivenessInit extends LivenessOptions {
  /** The other side pings first, as a rule. @default false */
  readonly yields?: boolean
}

export type LivenessOutput = 'ping' | 'suspected' | 'heard-again' | 'lost'

/**
 * Both sides hear of each other by every ping and its answer, and would ask again at the same moment. So one of them
 * waits so much longer that it hears the other's ping instead.
 */
const YIELD = 1.2

/** A timer this late means that this process stood still; the silence was then ours, not the peer's. */
const STALL_MS = 500

/**
 * Decides from silence whether the peer still lives (sans-IO). While data moves it listens closely; an idle session
 * beats slowly, unless somebody stands on it. Anything heard on any channel is a sign of life.
 */
export class Liveness {
  readonly #options: LivenessInit
  #lastHeard: number
  #lastPing = -Infinity
  #lastData: number
  #suspectedSince: number | undefined
  #lost = false
  #isAlert = false
  #expectedTimeout: number | undefined
  #outputs: LivenessOutput[] = []

  constructor(options: LivenessInit, now: number) {
    this.#options = options
    this.#lastHeard = now
    this.#lastData = now
  }

  /** Something came from the peer. */
  handleHeard(now: number): void {
    this.#lastHeard = now
    if (this.#suspectedSince !== undefined && !this.#lost) {
      this.#suspectedSince = undefined
      this.#outputs.push('heard-again')
    }
  }

  /** Application data moved, either way. */
  handleData(now: number): void {
    // Where a quiet session wakes, silence counts from now on, as the peer had no reason to speak before; but for no
    // longer than it would have without.
    if (this.#pace(now) !== 'active' && this.#suspectedSince === undefined) {
      const spareMs = this.#suspicionMs(now) - this.#options.activeSuspicionMs
      this.#lastHeard = Math.max(this.#lastHeard, Math.min(now, this.#lastHeard + spareMs))
    }
    this.#lastData = now
  }

  /** While alert it listens more closely than an idle session does. */
  handleAlert(isAlert: boolean, now: number): void {
    if (isAlert) this.handleData(now)
    this.#isAlert = isAlert
  }

  handleTimeout(now: number): void {
    if (this.#lost) return
    this.#forgiveStall(now)
    if (this.#suspectedSince === undefined) {
      if (now - this.#lastHeard >= this.#suspicionMs(now)) {
        this.#suspectedSince = now
        this.#outputs.push('suspected')
      }
    } else if (now - this.#suspectedSince >= this.#options.graceMs) {
      this.#lost = true
      this.#outputs.push('lost')
      return
    }
    if (now >= this.#nextPing(now)) {
      this.#lastPing = now
      this.#outputs.push('ping')
    }
  }

  pollOutput(): LivenessOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` is due; `undefined` once the peer is lost. */
  pollTimeout(now: number): number | undefined {
    if (this.#lost) return undefined
    const verdict =
      this.#suspectedSince === undefined
        ? this.#lastHeard + this.#suspicionMs(now)
        : this.#suspectedSince + this.#options.graceMs
    this.#expectedTimeout = Math.min(this.#nextPing(now), verdict)
    return this.#expectedTimeout
  }

  #pace(now: number): 'active' | 'alert' | 'idle' {
    if (now - this.#lastData < this.#options.activeForMs || this.#suspectedSince !== undefined)
      return 'active'
    return this.#isAlert ? 'alert' : 'idle'
  }

  #suspicionMs(now: number): number {
    const { activeSuspicionMs, alertSuspicionMs, idleSuspicionMs } = this.#options
    return { active: activeSuspicionMs, alert: alertSuspicionMs, idle: idleSuspicionMs }[this.#pace(now)]
  }

  #nextPing(now: number): number {
    const { activeBeatMs, alertBeatMs, idleBeatMs, yields = false } = this.#options
    const beat = { active: activeBeatMs, alert: alertBeatMs, idle: idleBeatMs }[this.#pace(now)]
    // While suspected a ping goes every half beat: the first sign of life ends the suspicion.
    const interval = this.#suspectedSince !== undefined ? beat / 2 : yields ? beat * YIELD : beat
    return Math.max(this.#lastHeard, this.#lastPing) + interval
  }

  #forgiveStall(now: number): void {
    const late = this.#expectedTimeout === undefined ? 0 : now - this.#expectedTimeout
    if (late < STALL_MS) return
    this.#lastHeard = Math.min(now, this.#lastHeard + late)
    if (this.#suspectedSince !== undefined) this.#suspectedSince = Math.min(now, this.#suspectedSince + late)
  }
}
