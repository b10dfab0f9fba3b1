import { ByteReader } from '../byte-reader.ts'
import { vectorBytes } from '../byte-writer.ts'

/** RFC 8422, section 5.7. */
export function encodeClientKeyExchange(publicKey: Uint8Array): Uint8Array {
  return vectorBytes(1, publicKey)
}

/** The client's public key, or undefined if the message is unsound. */
export function decodeClientKeyExchange(body: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(body)
  const publicKey = reader.vector(1)
  return reader.isComplete ? publicKey : undefined
}
