/** Writes the fields of the compact form; integers in network order. It grows as needed. */
export class CompactWriter {
  readonly #bytes: number[] = []

  uint8(value: number): void {
    this.#bytes.push(value)
  }

  uint16(value: number): void {
    this.#bytes.push(value >>> 8, value & 0xff)
  }

  uint32(value: number): void {
    this.uint16(value >>> 16)
    this.uint16(value & 0xffff)
  }

  uint64(value: bigint): void {
    this.uint32(Number(value >> 32n))
    this.uint32(Number(value & 0xffff_ffffn))
  }

  /** Seven bits a byte, the lowest first, as in LEB128. Safe integers. */
  varint(value: number): void {
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 0x80)
    this.#bytes.push(rest)
  }

  bytes(value: Uint8Array): void {
    this.#bytes.push(...value)
  }

  /** ASCII of at most 255 characters behind its length. */
  ascii(text: string): void {
    this.#bytes.push(text.length)
    for (let index = 0; index < text.length; index++) this.#bytes.push(text.charCodeAt(index))
  }

  /** The number of ice-chars, then six bits each, zero bits filling the last byte. */
  iceChars(text: string): void {
    this.varint(text.length)
    let held = 0
    let bits = 0
    for (const char of text) {
      held = (held << 6) | ICE_ALPHABET.indexOf(char)
      bits += 6
      if (bits >= 8) {
        bits -= 8
        this.#bytes.push((held >> bits) & 0xff)
      }
    }
    if (bits > 0) this.#bytes.push((held << (8 - bits)) & 0xff)
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

/** The 64 characters of `ice-char` (RFC 8839 §5.1), in base64's order. */
export const ICE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
