const EMPTY = new Uint8Array(0)

/**
 * Reads big-endian fields and length-prefixed vectors (RFC 5246, section 4). It never throws: a read
 * beyond the end yields zero or nothing and marks the whole as failed, to be asked once at the end.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0
  #failed = false

  /** @param bytes is not copied; what is read from it are views */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether bytes are left to read. */
  get hasMore(): boolean {
    return !this.#failed && this.#offset < this.#bytes.length
  }

  /** Whether everything was there and nothing is left over. */
  get isComplete(): boolean {
    return !this.#failed && this.#offset === this.#bytes.length
  }

  /** Whether everything read so far was there. */
  get isSound(): boolean {
    return !this.#failed
  }

  /** An unsigned integer of 1 to 6 bytes. */
  uint(size: number): number {
    const end = this.#advance(size)
    let value = 0
    for (let at = end - size; at < end; at++) value = value * 256 + (this.#bytes[at] ?? 0)
    return value
  }

  bytes(length: number): Uint8Array {
    const end = this.#advance(length)
    return end === 0 ? EMPTY : this.#bytes.subarray(end - length, end)
  }

  /** A vector with a length prefix of `prefixSize` bytes. */
  vector(prefixSize: number): Uint8Array {
    return this.bytes(this.uint(prefixSize))
  }

  /** A vector of unsigned integers of `itemSize` bytes each. */
  uints(prefixSize: number, itemSize: number): number[] {
    const reader = new ByteReader(this.vector(prefixSize))
    const values: number[] = []
    while (reader.hasMore) values.push(reader.uint(itemSize))
    if (!reader.isSound) this.#failed = true
    return values
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#offset)
  }

  /** Where the read ends; 0, which makes it empty, if there is not enough left. */
  #advance(length: number): number {
    const end = this.#offset + length
    if (this.#failed || end > this.#bytes.length) {
      this.#failed = true
      return 0
    }
    this.#offset = end
    return end
  }
}
