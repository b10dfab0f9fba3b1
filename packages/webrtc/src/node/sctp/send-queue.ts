/** A message that waits to be sent. */
export interface QueuedMessage<Options> {
  readonly streamId: number
  readonly ppid: number
  readonly data: Uint8Array
  readonly options: Options
}

/** Messages in wait, streams taking turns: a stream that sends much does not keep the others waiting. */
export class SendQueue<Options> {
  /** In the order in which streams get their turn. */
  readonly #streams = new Map<number, QueuedMessage<Options>[]>()

  push(message: QueuedMessage<Options>): void {
    const queue = this.#streams.get(message.streamId)
    if (queue === undefined) this.#streams.set(message.streamId, [message])
    else queue.push(message)
  }

  /** Takes the next message of the stream whose turn it is. */
  shift(): QueuedMessage<Options> | undefined {
    for (const [streamId, queue] of this.#streams) {
      this.#streams.delete(streamId)
      const message = queue.shift()
      if (queue.length > 0) this.#streams.set(streamId, queue)
      if (message !== undefined) return message
    }
    return undefined
  }

  has(streamId: number): boolean {
    return this.#streams.has(streamId)
  }

  clear(): void {
    this.#streams.clear()
  }
}
