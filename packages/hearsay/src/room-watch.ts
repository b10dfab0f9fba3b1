/**
 * Tells when we are connected to others and yet hear nobody of our room for too long: then nobody here shares the
 * room's key, which most often means a mistyped password. It tells once.
 */
export class RoomWatch {
  readonly #timeoutMs: number
  readonly #alone: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #done = false

  constructor(timeoutMs: number, alone: () => void) {
    this.#timeoutMs = timeoutMs
    this.#alone = alone
  }

  /** A connected peer speaks hearsay. */
  handleConnected(): void {
    if (this.#done || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#done = true
      this.#timer = undefined
      this.#alone()
    }, this.#timeoutMs)
  }

  /** Somebody of the room was heard, or we stop. */
  stop(): void {
    this.#done = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
