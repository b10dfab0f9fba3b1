import { copyOf } from '../packet/bytes.ts'

const EMPTY = new Uint8Array(0)
const INITIAL_CAPACITY = 4096

/**
 * The message whose fragments arrive in order. There is one at most, for the fragments of a message have consecutive
 * TSNs. Messages of a kind are often of one size: what is as long as the one before need not be copied out.
 */
export class MessageAccumulator {
  #buffer = EMPTY
  #length = 0
  /** Length of the latest message. */
  #expected = 0
  isActive = false
  streamId = 0
  ssn = 0
  ppid = 0
  unordered = false

  get length(): number {
    return this.#length
  }

  begin(streamId: number, ssn: number, ppid: number, unordered: boolean): void {
    this.isActive = true
    this.streamId = streamId
    this.ssn = ssn
    this.ppid = ppid
    this.unordered = unordered
    this.#length = 0
    if (this.#buffer.length !== this.#expected) {
      this.#buffer = EMPTY
    }
  }

  /** Adds `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(this.#capacityFor(length))
      grown.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = grown
    }
    this.#buffer.set(bytes.subarray(start, end), this.#length)
    this.#length = length
  }

  /** The message, in memory of its own. */
  finish(): Uint8Array {
    const isFull = this.#length === this.#buffer.length
    const data = isFull ? this.#buffer : copyOf(this.#buffer, 0, this.#length)
    if (isFull) {
      this.#buffer = EMPTY
    }
    this.#expected = this.#length
    this.discard()
    return data
  }

  discard(): void {
    this.isActive = false
    this.#length = 0
  }

  /** Gives the memory back where no message is in progress. */
  trim(): void {
    if (!this.isActive) {
      this.#buffer = EMPTY
    }
  }

  #capacityFor(length: number): number {
    if (length <= this.#expected) {
      return this.#expected
    }
    return Math.max(length, 2 * this.#buffer.length, INITIAL_CAPACITY)
  }
}
