const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a frame from the network. Never throws: what does not fit sets `failed`, after which every read gives an
 * empty value, so that a decoder checks once at its end.
 */
export class ByteReader {
  /** Whether anything read so far was missing, too long or malformed. */
  failed = false
  readonly #bytes: Uint8Array
  #offset = 0

  /** @param bytes is kept and read in place; `take` and `rest` return views of it */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  byte(): number {
    const value = this.#bytes[this.#offset]
    if (value === undefined) {
      this.failed = true
      return 0
    }
    this.#offset++
    return value
  }

  /** An unsigned LEB128 integer of at most 53 bits. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let index = 0; index < 8; index++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return this.failed ? 0 : value
      }
      scale *= 128
    }
    this.failed = true
    return 0
  }

  /** @returns a view of the next `length` bytes */
  take(length: number): Uint8Array {
    if (this.failed || length > this.remaining) {
      this.failed = true
      return new Uint8Array(0)
    }
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  /** A byte string with its length before it, of at most `maxLength` bytes. */
  prefixed(maxLength: number): Uint8Array {
    const length = this.varint()
    if (length > maxLength) {
      this.failed = true
      return new Uint8Array(0)
    }
    return this.take(length)
  }

  /** Well-formed UTF-8 with its length before it, of at most `maxLength` bytes. */
  text(maxLength: number): string {
    const bytes = this.prefixed(maxLength)
    try {
      return decoder.decode(bytes)
    } catch {
      this.failed = true
      return ''
    }
  }

  /** @returns a view of everything not yet read */
  rest(): Uint8Array {
    return this.take(this.remaining)
  }
}
