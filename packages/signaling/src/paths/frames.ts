import { concat } from '../bytes.ts'
import { MAX_ENVELOPE_BYTES } from '../envelope/envelope.ts'

/** Bytes of the longest length that is allowed. */
const MAX_PREFIX_BYTES = 3

/** An envelope behind its length, an unsigned varint: how libp2p frames messages on a stream. */
export function encodeFrame(envelope: Uint8Array): Uint8Array {
  const prefix: number[] = []
  let rest = envelope.length
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  prefix.push(rest)
  return concat(Uint8Array.from(prefix), envelope)
}

/** Cuts a stream of bytes into envelopes. Keeps one incomplete envelope at most. */
export class FrameDecoder {
  #rest: Uint8Array = new Uint8Array(0)

  /** The envelopes that are complete now, or undefined where the other side does not keep to the framing. */
  push(chunk: Uint8Array): Uint8Array[] | undefined {
    let bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk)
    const envelopes: Uint8Array[] = []
    for (;;) {
      const prefix = readPrefix(bytes)
      if (prefix === 'invalid') {
        return undefined
      }
      if (prefix === 'incomplete' || bytes.length < prefix.end + prefix.length) {
        this.#rest = bytes.slice()
        return envelopes
      }
      envelopes.push(bytes.slice(prefix.end, prefix.end + prefix.length))
      bytes = bytes.subarray(prefix.end + prefix.length)
    }
  }
}

function readPrefix(bytes: Uint8Array): { length: number; end: number } | 'incomplete' | 'invalid' {
  let length = 0
  for (let index = 0; index < MAX_PREFIX_BYTES; index++) {
    const byte = bytes.at(index)
    if (byte === undefined) {
      return 'incomplete'
    }
    length |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) {
      return length > MAX_ENVELOPE_BYTES ? 'invalid' : { length, end: index + 1 }
    }
  }
  return 'invalid'
}
