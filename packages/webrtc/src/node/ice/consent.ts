/** Between two consent checks, ±20 % (RFC 7675 §5.1). */
export const CONSENT_INTERVAL_MS = 5000
/** While an answer is missing, checks come faster, so that a peer that was killed shows soon. */
export const MISSED_INTERVAL_MS = 500
/** Missed answers in a row after which the pair counts as disconnected. */
export const MISSES_TO_DISCONNECT = 4
/** Consent expires this long after the last answer (RFC 7675 §5.1); nothing may be sent then. */
export const CONSENT_TIMEOUT_MS = 30_000

/** What a missed or received answer changes. */
export type ConsentChange = 'none' | 'disconnected' | 'recovered' | 'expired'

/** Consent freshness of one pair (RFC 7675), without clock and timers. */
export class Consent {
  #lastAnswer: number
  #misses = 0

  constructor(now: number) {
    this.#lastAnswer = now
  }

  /** How long to wait before the next check; `random` is from 0 to 1. */
  nextDelay(random: number): number {
    return this.#misses > 0 ? MISSED_INTERVAL_MS : Math.round(CONSENT_INTERVAL_MS * (0.8 + 0.4 * random))
  }

  onAnswer(now: number): ConsentChange {
    const wasDisconnected = this.#misses >= MISSES_TO_DISCONNECT
    this.#misses = 0
    this.#lastAnswer = now
    return wasDisconnected ? 'recovered' : 'none'
  }

  onMiss(now: number): ConsentChange {
    this.#misses++
    if (now - this.#lastAnswer >= CONSENT_TIMEOUT_MS) return 'expired'
    return this.#misses === MISSES_TO_DISCONNECT ? 'disconnected' : 'none'
  }
}
