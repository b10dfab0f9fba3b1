import { FRAME_COST_BYTES, INITIAL_CREDIT_BYTES } from '../constants.ts'
import type { BudgetUser, ReceiveBudget } from './receive-budget.ts'

/**
 * The receiver's side of a reliable channel's flow control (sans-IO): it tells how much the peer may have sent in all.
 * WebRTC itself has no backpressure on the receiving side; without this a slow application would fill its memory.
 *
 * While nothing waits for the application, and the session's budget allows it, the whole window is open: so a message
 * larger than the window can arrive.
 */
export class CreditLedger implements BudgetUser {
  readonly #windowBytes: number
  readonly #budget: ReceiveBudget
  readonly #onRoom: () => void
  #received = 0
  #advertised = INITIAL_CREDIT_BYTES
  #held = 0
  #isClosed = false

  /** @param onRoom called when `update()` is worth another look, without anything having come or been taken */
  constructor(windowBytes: number, budget: ReceiveBudget, onRoom: () => void) {
    this.#windowBytes = windowBytes
    this.#budget = budget
    this.#onRoom = onRoom
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
    if (!this.#isClosed) this.#budget.changeWhole(cost)
  }

  /** The application took it. */
  release(cost: number): void {
    this.#held -= cost
    if (!this.#isClosed) this.#budget.changeWhole(-cost)
  }

  /** The limit to tell the peer at the start. */
  initial(): number {
    return this.#advertise(this.#limit(0))
  }

  /** @returns the limit to tell the peer now, or `undefined` while telling is not worth a frame */
  update(partialBytes: number): number | undefined {
    if (this.#isClosed) return undefined
    this.#budget.setPart(this, partialBytes)
    const limit = this.#limit(partialBytes)
    return limit - this.#advertised >= this.#windowBytes / 2 ? this.#advertise(limit) : undefined
  }

  /** The channel is closed: what still waits for the application does so at its own cost. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#budget.leave(this)
    this.#budget.changeWhole(-this.#held)
  }

  onRoom(): void {
    this.#onRoom()
  }

  #limit(partialBytes: number): number {
    const isOpen = this.#held === 0 && (partialBytes === 0 || this.#budget.allows(this))
    const used = isOpen ? 0 : this.#held + partialBytes
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
