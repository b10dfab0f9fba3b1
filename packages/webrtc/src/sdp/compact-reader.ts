import { ICE_ALPHABET } from './compact-writer.ts'
import { SdpError } from './errors.ts'

/** Reads what `CompactWriter` wrote. Every method throws `SdpError` where the bytes end too early or are not canonical. */
export class CompactReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  uint8(): number {
    return this.bytes(1)[0]
  }

  uint16(): number {
    const [high, low] = this.bytes(2)
    return (high << 8) | low
  }

  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16()
  }

  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32())
  }

  varint(): number {
    let value = 0
    for (let factor = 1; factor < Number.MAX_SAFE_INTEGER; factor *= 128) {
      const byte = this.uint8()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) {
        if ((byte === 0 && factor > 1) || !Number.isSafeInteger(value)) break
        return value
      }
    }
    throw new SdpError('ERR_SDP_COMPACT', 'a number of the compact description is not canonical or too large')
  }

  /** A view, valid as long as the input. */
  bytes(length: number): Uint8Array {
    const end = this.#offset + length
    if (end > this.#bytes.length)
      throw new SdpError('ERR_SDP_COMPACT', 'the compact description ends too early')
    const bytes = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return bytes
  }

  ascii(): string {
    return String.fromCharCode(...this.bytes(this.uint8()))
  }

  iceChars(max: number): string {
    const length = this.varint()
    if (length > max)
      throw new SdpError('ERR_SDP_COMPACT', `more than ${max} ice-chars in the compact description`)
    const packed = this.bytes(Math.ceil((length * 6) / 8))
    let text = ''
    let held = 0
    let bits = 0
    for (const byte of packed) {
      held = ((held << 8) | byte) & 0x3fff
      bits += 8
      for (; bits >= 6 && text.length < length; bits -= 6)
        text += ICE_ALPHABET.charAt((held >> (bits - 6)) & 0x3f)
    }
    if ((held & ((1 << bits) - 1)) !== 0) {
      throw new SdpError('ERR_SDP_COMPACT', 'the compact description fills a byte with other than zero bits')
    }
    return text
  }

  /** Throws where anything is left. */
  finish(): void {
    if (this.#offset !== this.#bytes.length) {
      throw new SdpError('ERR_SDP_COMPACT', 'the compact description does not end where it should')
    }
  }
}
