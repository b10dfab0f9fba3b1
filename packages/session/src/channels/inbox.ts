import { MessageQueue } from './message-queue.ts'

/** What an inbox needs of its channel. */
export interface InboxHost {
  hasListeners(): boolean
  dispatch(message: unknown): void
  /** A message of this cost waits for the application. */
  hold(cost: number): void
  /** The application has taken it, or nobody waits for it any more. */
  release(cost: number): void
  onDropped(): void
}

interface Unread {
  readonly message: unknown
  readonly cost: number
}

/** Messages of `send()` on their way to the application: to listeners, or to `for await`, for which they wait. */
export class Inbox {
  readonly #host: InboxHost
  readonly #capacity: number
  readonly #unread: MessageQueue<Unread>

  /** @param capacity messages that may wait, the oldest is dropped beyond it; infinity where credit bounds them */
  constructor(host: InboxHost, capacity: number) {
    this.#host = host
    this.#capacity = capacity
    this.#unread = new MessageQueue(({ cost }) => host.release(cost))
  }

  /** Messages that wait. */
  get length(): number {
    return this.#unread.length
  }

  deliver(message: unknown, cost: number): void {
    if (this.#host.hasListeners()) {
      this.#host.dispatch(message)
      return
    }
    if (this.#unread.length >= this.#capacity) {
      const oldest = this.#unread.shift()
      if (oldest !== undefined) this.#host.release(oldest.cost)
      this.#host.onDropped()
    }
    this.#host.hold(cost)
    this.#unread.push({ message, cost })
  }

  /** There may be listeners now for what waits. */
  flush(): void {
    while (this.#host.hasListeners()) {
      const unread = this.#unread.shift()
      if (unread === undefined) return
      this.#host.release(unread.cost)
      this.#host.dispatch(unread.message)
    }
  }

  /** The next message for a reader. */
  async next(): Promise<IteratorResult<unknown, undefined>> {
    const result = await this.#unread.next()
    return result.done === true ? result : { done: false, value: result.value.message }
  }

  /** What waits can still be read; after it readers see the end, or the error. */
  end(error: Error | undefined): void {
    this.#unread.end(error)
  }
}
