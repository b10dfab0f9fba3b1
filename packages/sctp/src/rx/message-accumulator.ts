/**
 * The message whose fragments arrive in order. There is one at most, for the fragments of a message have
 * consecutive TSNs; its memory is used again for the next.
 */
const INITIAL_CAPACITY = 4096

export class MessageAccumulator {
  #buffer = new Uint8Array(0)
  #length = 0
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
  }

  /** Adds `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#buffer.length, INITIAL_CAPACITY))
      grown.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = grown
    }
    this.#buffer.set(bytes.subarray(start, end), this.#length)
    this.#length = length
  }

  /** The message, in memory of its own. */
  finish(): Uint8Array {
    const data = this.#buffer.slice(0, this.#length)
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
      this.#buffer = new Uint8Array(0)
    }
  }
}
