/** Between two consent checks, ±20 % (RFC 7675 §5.1). */
export const CONSENT_INTERVAL_MS = 5000
/** While an answer is missing, checks come faster: a peer that was killed shows soon. */
const MISSED_INTERVAL_MS = 500
/** Missed answers in a row after which the pair counts as disconnected. */
export const MISSES_TO_DISCONNECT = 4
/** Consent expires this long after the last answer (RFC 7675 §5.1); nothing may be sent then. */
export const CONSENT_TIMEOUT_MS = 30_000

export interface ConsentInit {
  /** Sends a consent check, and resolves to whether it was answered. Never rejects. */
  check(): Promise<boolean>
  /** Answers are missing. */
  onDisconnected(): void
  /** An answer came after all. */
  onRecovered(): void
  /** No answer for `CONSENT_TIMEOUT_MS`. Nothing follows. */
  onExpired(): void
}

/** Consent freshness of the selected pair (RFC 7675). */
export class Consent {
  readonly #init: ConsentInit
  #timer: NodeJS.Timeout | undefined
  #lastAnswer = performance.now()
  #misses = 0
  #stopped = false

  constructor(init: ConsentInit) {
    this.#init = init
    this.#schedule()
  }

  /** Asks at once, not when it is due. */
  hurry(): void {
    if (this.#stopped || this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#ask()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    const delay = this.#misses > 0 ? MISSED_INTERVAL_MS : CONSENT_INTERVAL_MS * (0.8 + 0.4 * Math.random())
    this.#timer = setTimeout(() => {
      this.#ask()
    }, delay)
  }

  #ask(): void {
    this.#timer = undefined
    void this.#init.check().then((answered) => {
      if (this.#stopped) return
      if (answered) this.#onAnswer()
      else this.#onMiss()
      if (!this.#isStopped()) this.#schedule()
    })
  }

  #onAnswer(): void {
    const wasDisconnected = this.#misses >= MISSES_TO_DISCONNECT
    this.#misses = 0
    this.#lastAnswer = performance.now()
    if (wasDisconnected) this.#init.onRecovered()
  }

  #onMiss(): void {
    this.#misses++
    if (performance.now() - this.#lastAnswer >= CONSENT_TIMEOUT_MS) {
      this.stop()
      this.#init.onExpired()
    } else if (this.#misses === MISSES_TO_DISCONNECT) {
      this.#init.onDisconnected()
    }
  }

  /** A handler may have called `stop()`. */
  #isStopped(): boolean {
    return this.#stopped
  }
}
