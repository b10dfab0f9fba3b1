/**
 * A timer for a deadline that most often moves away, as every acknowledgement moves a retransmission timeout: it is
 * set anew only where the deadline comes nearer, and else looks again when it fires.
 */
export class DeadlineTimer {
  readonly #onFire: () => void
  #timer: NodeJS.Timeout | undefined
  #firesAt = Infinity

  /** @param onFire the deadline may have come; it is to be asked for and set again */
  constructor(onFire: () => void) {
    this.#onFire = onFire
  }

  /** Fires at `deadline` or before; both are times of `performance.now()`, `Infinity` means never. */
  set(deadline: number, now: number): void {
    if (deadline >= this.#firesAt || deadline === Infinity) return
    clearTimeout(this.#timer)
    this.#firesAt = deadline
    this.#timer = setTimeout(
      () => {
        this.#firesAt = Infinity
        this.#onFire()
      },
      Math.max(1, Math.ceil(deadline - now))
    )
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#firesAt = Infinity
  }
}
