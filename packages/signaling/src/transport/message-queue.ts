import { MAX_PACKET_MESSAGES } from './packet.ts'

/** Bytes of messages (and a few for each) in one packet: leaves room for the rest of an envelope of 16 KiB. */
const MAX_BATCH_BYTES = 15_800

const FRAMING_BYTES = 4

/** Messages in order, within bounds. */
export class MessageQueue {
  readonly #maxMessages: number
  readonly #maxBytes: number
  #messages: Uint8Array[] = []
  #bytes = 0

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#messages.length
  }

  /** False where it is full. */
  push(message: Uint8Array): boolean {
    if (this.#messages.length >= this.#maxMessages || this.#bytes + message.length > this.#maxBytes) {
      return false
    }
    this.#messages.push(message)
    this.#bytes += message.length
    return true
  }

  /** As many as fit into one packet, at least one where there is one. */
  takeBatch(): Uint8Array[] {
    let count = 0
    let bytes = 0
    for (const message of this.#messages) {
      bytes += message.length + FRAMING_BYTES
      if (count === MAX_PACKET_MESSAGES || (count > 0 && bytes > MAX_BATCH_BYTES)) {
        break
      }
      count++
    }
    const batch = this.#messages.slice(0, count)
    this.#messages = this.#messages.slice(count)
    this.#bytes -= batch.reduce((sum, message) => sum + message.length, 0)
    return batch
  }
}

/** Puts messages back in order, within bounds. */
export class ReorderBuffer {
  readonly #maxMessages: number
  readonly #maxBytes: number
  readonly #early = new Map<number, Uint8Array>()
  #bytes = 0
  #expected = 0
  #last: number | undefined

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  /** All messages up to the last one have been taken. */
  get isComplete(): boolean {
    return this.#last === this.#expected
  }

  /** Whether messages from `first` on can be kept. */
  accepts(first: number, messages: readonly Uint8Array[]): boolean {
    const bytes = messages.reduce((sum, message) => sum + message.length, this.#bytes)
    return (
      first + messages.length - this.#expected <= this.#maxMessages &&
      (first === this.#expected || bytes <= this.#maxBytes)
    )
  }

  /** Adds messages and returns what is in order now. */
  add(first: number, messages: readonly Uint8Array[], last: boolean): Uint8Array[] {
    for (const [index, message] of messages.entries()) {
      if (first + index >= this.#expected && !this.#early.has(first + index)) {
        this.#early.set(first + index, message)
        this.#bytes += message.length
      }
    }
    if (last) {
      this.#last = first + messages.length
    }
    const ready: Uint8Array[] = []
    for (;;) {
      const message = this.#expected === this.#last ? undefined : this.#early.get(this.#expected)
      if (message === undefined) {
        return ready
      }
      this.#early.delete(this.#expected++)
      this.#bytes -= message.length
      ready.push(message)
    }
  }
}
