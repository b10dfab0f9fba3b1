const encoder = new TextEncoder()

/** Writes small frames; grows as needed. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  /** An unsigned LEB128 integer of at most 53 bits. */
  varint(value: number): this {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 128) | 0x80)
      rest = Math.floor(rest / 128)
    }
    return this.byte(rest)
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** A byte string with its length before it. */
  prefixed(value: Uint8Array): this {
    return this.varint(value.length).bytes(value)
  }

  /** UTF-8 with its length before it. */
  text(value: string): this {
    return this.prefixed(encoder.encode(value))
  }

  /** @returns what was written; the writer must not be used afterwards */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
