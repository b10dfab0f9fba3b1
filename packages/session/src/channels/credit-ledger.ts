import { FRAME_COST_BYTES, INITIAL_CREDIT_BYTES } from '../constants.ts'

/**
 * The receiver's side of a reliable channel's flow control (sans-IO): it tells how much the peer may have sent in all.
 * WebRTC itself has no backpressure on the receiving side; without this a slow application would fill its memory.
 *
 * While nothing waits for the application, the whole window is open: so a message larger than the window can arrive.
 */
export class CreditLedger {
  readonly #windowBytes: number
  #received = 0
  #advertised = INITIAL_CREDIT_BYTES
  #held = 0

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
  }

  /** Cost of messages that the application has not taken yet. */
  get heldBytes(): number {
    return this.#held
  }

  /** Counts a frame of the messages lane. @returns whether the peer had credit for it */
  receive(frameBytes: number): boolean {
    this.#received += frameBytes + FRAME_COST_BYTES
    return this.#received <= this.#advertised
  }

  /** A whole message waits for the application. */
  hold(cost: number): void {
    this.#held += cost
  }

  /** The application took it. */
  release(cost: number): void {
    this.#held -= cost
  }

  /** The limit to tell the peer at the start. */
  initial(): number {
    return this.#advertise(this.#limit(0))
  }

  /** @returns the limit to tell the peer now, or `undefined` while telling is not worth a frame */
  update(partialBytes: number): number | undefined {
    const limit = this.#limit(partialBytes)
    return limit - this.#advertised >= this.#windowBytes / 2 ? this.#advertise(limit) : undefined
  }

  #limit(partialBytes: number): number {
    const used = this.#held === 0 ? 0 : this.#held + partialBytes
    return Math.max(this.#advertised, this.#received + Math.max(0, this.#windowBytes - used))
  }

  #advertise(limit: number): number {
    this.#advertised = limit
    return limit
  }
}

/** What a whole message costs while it waits. */
export function messageCost(bodyBytes: number): number {
  return bodyBytes + FRAME_COST_BYTES
}
