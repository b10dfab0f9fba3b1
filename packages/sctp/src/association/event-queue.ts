import type { SctpEvent } from '../events.ts'
import type { DeliveredBacklog } from '../rx/data-receiver.ts'

/** Array space left behind by what was taken is given back in pieces of this many. */
const COMPACT_AT = 1024

/** Events that wait to be polled. Messages among them use up the receive window, so their number is bounded. */
export class EventQueue implements DeliveredBacklog {
  #events: (SctpEvent | undefined)[] = []
  #head = 0
  messageBytes = 0
  messageCount = 0

  /** Events other than messages. */
  get otherCount(): number {
    return this.#events.length - this.#head - this.messageCount
  }

  push(event: SctpEvent): void {
    this.#events.push(event)
    if (event.type === 'message') {
      this.messageBytes += event.data.length
      this.messageCount++
    }
  }

  shift(): SctpEvent | undefined {
    const event = this.#events.at(this.#head)
    if (event === undefined) {
      return undefined
    }
    // Whoever took it may be done with it long before the queue is empty.
    this.#events[this.#head++] = undefined
    if (event.type === 'message') {
      this.messageBytes -= event.data.length
      this.messageCount--
    }
    if (this.#head === this.#events.length) {
      this.#events.length = 0
      this.#head = 0
    } else if (this.#head >= COMPACT_AT) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
    return event
  }
}
