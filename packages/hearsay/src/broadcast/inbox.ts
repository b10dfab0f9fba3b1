import type { MeshMessage } from '../mesh.ts'

/** Messages that wait for the application: 4 MiB of the largest. Gossip knows no backpressure. */
export const MAX_UNREAD = 512

/**
 * What was flooded and the application has not taken yet. Where that is too much the eldest message goes of whom most
 * are waiting: who floods displaces its own.
 */
export class Inbox implements AsyncIterable<MeshMessage, undefined> {
  readonly #unread: MeshMessage[] = []
  readonly #waiting: ((result: IteratorResult<MeshMessage, undefined>) => void)[] = []
  #closed = false

  /** @returns how many were dropped for it */
  push(message: MeshMessage): number {
    if (this.#closed) return 0
    const resolve = this.#waiting.shift()
    if (resolve !== undefined) {
      resolve({ done: false, value: message })
      return 0
    }
    this.#unread.push(message)
    if (this.#unread.length <= MAX_UNREAD) return 0
    this.#dropOfBusiest()
    return 1
  }

  /** Ends the iteration; what was not taken is dropped. */
  close(): void {
    this.#closed = true
    this.#unread.length = 0
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): AsyncIterator<MeshMessage, undefined> {
    return {
      next: () => {
        const value = this.#unread.shift()
        if (value !== undefined) return Promise.resolve({ done: false, value })
        if (this.#closed) return Promise.resolve({ done: true, value: undefined })
        return new Promise((resolve) => this.#waiting.push(resolve))
      }
    }
  }

  #dropOfBusiest(): void {
    const counts = new Map<string, number>()
    for (const { from } of this.#unread) counts.set(from, (counts.get(from) ?? 0) + 1)
    const [busiest] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))
    this.#unread.splice(
      this.#unread.findIndex(({ from }) => from === busiest),
      1
    )
  }
}
