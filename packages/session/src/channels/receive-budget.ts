import { MAX_RECEIVED_BYTES } from '../constants.ts'

/** A channel as the budget sees it. */
export interface BudgetUser {
  /** It was kept to its window, and is not any more. */
  onRoom(): void
}

/**
 * What all channels of a session together hold for the application, in whole messages and in parts (sans-IO). A message
 * may be larger than its channel's window; without this, a peer could have every channel hold one of the largest.
 *
 * Beyond the limit channels are kept to their windows, but for the one that is in the middle of a message for longest: so
 * messages that are under way at the same time are finished one after another. While whole messages alone are beyond it,
 * it waits too, for the application to take them.
 */
export class ReceiveBudget {
  readonly #maxBytes: number
  #wholeBytes = 0
  #partBytes = 0
  /** Who is in the middle of a message, with how much of it; the oldest first. */
  readonly #parts = new Map<BudgetUser, number>()
  readonly #waiting = new Set<BudgetUser>()

  constructor(maxBytes: number = MAX_RECEIVED_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** Whole messages wait for the application, or were taken by it. */
  changeWhole(bytes: number): void {
    this.#wholeBytes += bytes
    if (bytes < 0) this.#relieve()
  }

  /** So much has come of a message that is not whole yet. */
  setPart(user: BudgetUser, bytes: number): void {
    const before = this.#parts.get(user) ?? 0
    if (bytes === before) return
    this.#partBytes += bytes - before
    if (bytes > 0) this.#parts.set(user, bytes)
    else this.#parts.delete(user)
    if (bytes < before) this.#relieve()
  }

  /** Whether a channel may hold more than its window. Where not, it hears of it when it may. */
  allows(user: BudgetUser): boolean {
    if (this.#hasRoomFor(user)) return true
    this.#waiting.add(user)
    return false
  }

  /** The channel is closed. */
  leave(user: BudgetUser): void {
    this.#waiting.delete(user)
    this.setPart(user, 0)
  }

  #hasRoomFor(user: BudgetUser): boolean {
    if (this.#wholeBytes + this.#partBytes <= this.#maxBytes) return true
    const [oldest] = this.#parts.keys()
    return this.#wholeBytes <= this.#maxBytes && oldest === user
  }

  #relieve(): void {
    if (this.#waiting.size === 0) return
    for (const user of [...this.#waiting]) {
      if (!this.#hasRoomFor(user)) continue
      this.#waiting.delete(user)
      user.onRoom()
    }
  }
}
