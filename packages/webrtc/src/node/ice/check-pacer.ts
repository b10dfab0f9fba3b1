/** Ta: between the starts of two checks where several wait (RFC 8445 §14.2 allows no less). */
export const CHECK_INTERVAL_MS = 5

/** Starts the first check at once and the others `CHECK_INTERVAL_MS` apart, for as long as there are any. */
export class CheckPacer {
  readonly #startNext: () => boolean
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** @param startNext starts a check; returns false if none waits */
  constructor(startNext: () => boolean) {
    this.#startNext = startNext
  }

  /** A check may be waiting. */
  wake(): void {
    if (this.#timer !== undefined || this.#stopped || !this.#startNext()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.wake()
    }, CHECK_INTERVAL_MS)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}
