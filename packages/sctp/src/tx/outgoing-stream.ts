import type { OutgoingMessage } from './outgoing-message.ts'

/** Weight of a stream whose priority was never set: W3C's `low`, the default of a data channel. */
export const DEFAULT_PRIORITY = 256

/** A stream's state towards RFC 6525: `draining` sends what is queued, `resetting` waits for the peer's response. */
export type ResetState = 'open' | 'draining' | 'resetting'

/** One outgoing stream: a queue of messages and its place in the schedule. */
export class OutgoingStream {
  readonly id: number
  priority = DEFAULT_PRIORITY
  nextSsn = 0
  resetState: ResetState = 'open'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  /** Virtual time at which the message at the head would end under fair queueing. */
  virtualFinish = 0
  /** Its place in the scheduler's heap, -1 when it is not there. */
  heapIndex = -1
  head: OutgoingMessage | undefined
  #tail: OutgoingMessage | undefined

  constructor(id: number) {
    this.id = id
  }

  append(message: OutgoingMessage): void {
    if (this.#tail === undefined) {
      this.head = message
    } else {
      this.#tail.next = message
    }
    this.#tail = message
  }

  prepend(message: OutgoingMessage): void {
    message.next = this.head
    this.head = message
    this.#tail ??= message
  }

  removeHead(): void {
    const head = this.head
    if (head !== undefined) {
      this.head = head.next
      head.next = undefined
      if (this.head === undefined) {
        this.#tail = undefined
      }
    }
  }
}
