import type { MeshMessage } from './mesh.ts'

interface Offered {
  readonly message: MeshMessage
  readonly taken: () => void
}

type Result = IteratorResult<MeshMessage, undefined>
type Waiting = (result: Result) => void

const DONE: Result = { done: true, value: undefined }

/**
 * Merges what several sources yield into one iteration. It pulls from a source only once its last message was taken:
 * backpressure reaches each peer by itself, and one that floods takes no more than its turn.
 */
export class MessageHub {
  readonly #offered: Offered[] = []
  #waiting: Waiting[] = []
  /** Each begins to read one. */
  readonly #sources = new Set<() => void>()
  #pulling = false
  #closed = false

  /**
   * Adds what one peer sends; it is read from the first `messages()` on.
   *
   * @returns drops it, if it has not been read from; one that is read ends by itself
   */
  add(from: string, messages: AsyncIterable<unknown>): () => void {
    return this.#addSource(messages, (message) => ({ from, message }))
  }

  /** Adds a source of messages of whomever, as `add` does. */
  addAll(messages: AsyncIterable<MeshMessage>): () => void {
    return this.#addSource(messages, (message) => message)
  }

  messages(): AsyncIterableIterator<MeshMessage, undefined> {
    if (!this.#pulling) {
      this.#pulling = true
      for (const pull of this.#sources) pull()
      this.#sources.clear()
    }
    const own = new Set<Waiting>()
    let ended = false
    return {
      next: async () => {
        if (ended) return DONE
        const { promise, resolve } = Promise.withResolvers<Result>()
        own.add(resolve)
        this.#next(resolve)
        const result = await promise
        own.delete(resolve)
        return result
      },
      return: () => {
        ended = true
        // A message that comes later must not go to who has left.
        this.#waiting = this.#waiting.filter((resolve) => !own.has(resolve))
        for (const resolve of own) resolve(DONE)
        return Promise.resolve(DONE)
      },
      [Symbol.asyncIterator]() {
        return this
      }
    }
  }

  /** Ends every iteration; messages not taken are dropped. */
  close(): void {
    this.#closed = true
    for (const { taken } of this.#offered.splice(0)) taken()
    for (const resolve of this.#waiting.splice(0)) resolve(DONE)
  }

  #next(resolve: Waiting): void {
    const offered = this.#offered.shift()
    if (this.#closed) resolve(DONE)
    else if (offered === undefined) this.#waiting.push(resolve)
    else {
      offered.taken()
      resolve({ done: false, value: offered.message })
    }
  }

  #addSource<Message>(
    source: AsyncIterable<Message>,
    toMessage: (message: Message) => MeshMessage
  ): () => void {
    const pull = (): void => {
      // A source ends with an error when its connection was lost, which `peer:disconnected` tells.
      this.#pullAll(source, toMessage).catch(() => undefined)
    }
    if (this.#pulling) pull()
    else this.#sources.add(pull)
    return () => {
      this.#sources.delete(pull)
    }
  }

  async #pullAll<Message>(
    source: AsyncIterable<Message>,
    toMessage: (message: Message) => MeshMessage
  ): Promise<void> {
    for await (const message of source) {
      if (this.#closed) break
      await this.#offer(toMessage(message))
    }
  }

  #offer(message: MeshMessage): Promise<void> {
    const resolve = this.#waiting.shift()
    if (resolve !== undefined) {
      resolve({ done: false, value: message })
      return Promise.resolve()
    }
    return new Promise((taken) => this.#offered.push({ message, taken }))
  }
}
