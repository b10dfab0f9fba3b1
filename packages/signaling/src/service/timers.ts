/** The clock and the timers of a signaler: handed in, so that tests and simulations run on virtual time. */
export interface SignalingTimers {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timeout: unknown): void
}

export const realTimers: SignalingTimers = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timeout) => clearTimeout(timeout as ReturnType<typeof setTimeout>)
}

/** One timer for one state machine: set anew whenever the machine says when it wants to be called next. */
export class Alarm {
  readonly #timers: SignalingTimers
  readonly #callback: () => void
  #timeout: unknown
  #at: number | undefined

  constructor(timers: SignalingTimers, callback: () => void) {
    this.#timers = timers
    this.#callback = callback
  }

  set(at: number | undefined): void {
    if (at === this.#at) {
      return
    }
    this.clear()
    if (at === undefined || at === Infinity) {
      return
    }
    this.#at = at
    // Rounded up, so that the moment has really come when the timer fires.
    const delayMs = Math.max(0, Math.ceil(at - this.#timers.now()))
    this.#timeout = this.#timers.setTimeout(() => {
      this.#at = undefined
      this.#callback()
    }, delayMs)
  }

  clear(): void {
    if (this.#at !== undefined) {
      this.#timers.clearTimeout(this.#timeout)
      this.#at = undefined
    }
  }
}
