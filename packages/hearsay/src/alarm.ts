/** A monotonic clock, in milliseconds: wall clocks jump. */
export function monotonicNow(): number {
  return performance.now()
}

/** One timer that can be moved: calls back when the time last set has come. */
export class Alarm {
  readonly #callback: (now: number) => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #at: number | undefined

  constructor(callback: (now: number) => void) {
    this.#callback = callback
  }

  /** Moves the alarm to that time of `monotonicNow()`; `undefined` turns it off. */
  set(at: number | undefined): void {
    if (at === this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    if (at === undefined) return
    this.#timer = setTimeout(
      () => {
        this.#at = undefined
        this.#callback(monotonicNow())
      },
      // Timers may fire a fraction of a millisecond early by this clock.
      Math.max(0, Math.ceil(at - monotonicNow()))
    )
  }
}
