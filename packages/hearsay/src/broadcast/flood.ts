import { INSTANCE_BYTES } from '@hearsay/signaling'
import { Flood as Codec } from './pb/flood.js'

/** A broadcast as it goes to those without a session, but for its signature and the member that has signed it. */
export interface Flood {
  readonly instance: Uint8Array
  /** Rises with every broadcast of this instance; 1 or more. */
  readonly counter: number
  /** Name of the codec that wrote the body. */
  readonly codec: string
  readonly body: Uint8Array
}

/** Every member pays for what is flooded, several times over: what is larger goes over sessions. */
export const MAX_BODY_BYTES = 8 * 1024

const MAX_CODEC_NAME_LENGTH = 32

export function encodeFlood({ instance, counter, codec, body }: Flood): Uint8Array {
  return Codec.encode({ instance, counter, codec, body })
}

/** Reads what a stranger sent: `undefined` for anything but a sound flood. The body is a view of `bytes`. */
export function decodeFlood(bytes: Uint8Array): Flood | undefined {
  let flood: Codec
  try {
    flood = Codec.decode(bytes)
  } catch {
    return undefined
  }
  const { instance, counter, codec, body } = flood
  const sound =
    instance.length === INSTANCE_BYTES &&
    Number.isSafeInteger(counter) &&
    counter > 0 &&
    codec.length > 0 &&
    codec.length <= MAX_CODEC_NAME_LENGTH &&
    // Half a surrogate pair, which protobuf's reader lets through, could not be said again.
    codec.isWellFormed() &&
    body.length <= MAX_BODY_BYTES
  return sound ? { instance, counter, codec, body } : undefined
}
