import { concat } from '../bytes.ts'
import { MAX_ENVELOPE_BYTES } from '../envelope/envelope.ts'

/** Bytes of the longest length that is allowed. */
const MAX_PREFIX_BYTES = 3

/** A message behind its length, an unsigned varint: how libp2p frames messages on a stream. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const prefix: number[] = []
  let rest = message.length
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  prefix.push(rest)
  return concat(Uint8Array.from(prefix), message)
}

/** Cuts a stream of bytes into messages. Keeps one incomplete message at most. */
export class FrameDecoder {
  readonly #maxBytes: number
  #rest: Uint8Array = new Uint8Array(0)

  /** @param maxBytes what a message may have; less than 2 MiB */
  constructor(maxBytes: number = MAX_ENVELOPE_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** The messages that are complete now, or undefined where the other side does not keep to the framing. */
  push(chunk: Uint8Array): Uint8Array[] | undefined {
    let bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk)
    const messages: Uint8Array[] = []
    for (;;) {
      const prefix = readPrefix(bytes, this.#maxBytes)
      if (prefix === 'invalid') {
        return undefined
      }
      if (prefix === 'incomplete' || bytes.length < prefix.end + prefix.length) {
        this.#rest = bytes.slice()
        return messages
      }
      messages.push(bytes.slice(prefix.end, prefix.end + prefix.length))
      bytes = bytes.subarray(prefix.end + prefix.length)
    }
  }
}

function readPrefix(
  bytes: Uint8Array,
  maxBytes: number
): { length: number; end: number } | 'incomplete' | 'invalid' {
  let length = 0
  for (let index = 0; index < MAX_PREFIX_BYTES; index++) {
    const byte = bytes.at(index)
    if (byte === undefined) {
      return 'incomplete'
    }
    length |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) {
      return length > maxBytes ? 'invalid' : { length, end: index + 1 }
    }
  }
  return 'invalid'
}
