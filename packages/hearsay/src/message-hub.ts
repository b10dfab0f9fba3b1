import type { MeshMessage } from './mesh.ts'

type Source = AsyncIterable<MeshMessage>

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
  readonly #sources = new Set<Source>()
  #pulling = false
  #closed = false

  /**
   * Adds what one peer sends; it is read from the first `messages()` on.
   *
   * @returns drops it, if it has not been read from; one that is read ends by itself
   */
  add(from: string, messages: AsyncIterable<unknown>): () => void {
    return this.addSource(namedAfter(from, messages))
  }

  /** Adds a source of messages of whomever, as `add` does. */
  addSource(source: Source): () => void {
    if (this.#pulling) this.#pull(source)
    else this.#sources.add(source)
    return () => {
      this.#sources.delete(source)
    }
  }

  messages(): AsyncIterableIterator<MeshMessage, undefined> {
    if (!this.#pulling) {
      this.#pulling = true
      for (const source of this.#sources) this.#pull(source)
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

  #pull(source: Source): void {
    // A source ends with an error when its connection was lost, which `peer:disconnected` tells.
    this.#pullAll(source).catch(() => undefined)
  }

  async #pullAll(source: Source): Promise<void> {
    for await (const message of source) {
      if (this.#closed) break
      await this.#offer(message)
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

async function* namedAfter(from: string, messages: AsyncIterable<unknown>): AsyncGenerator<MeshMessage> {
  for await (const message of messages) yield { from, message }
}
