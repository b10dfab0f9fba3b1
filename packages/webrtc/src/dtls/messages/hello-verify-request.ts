import { ByteReader } from '../byte-reader.ts'

/**
 * The cookie of a HelloVerifyRequest (RFC 6347, section 4.2.1), or undefined if unsound. Its server_version
 * says nothing about the version to come and is not looked at.
 */
export function decodeHelloVerifyRequest(body: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(body)
  reader.uint(2)
  const cookie = reader.vector(1)
  return reader.isComplete ? cookie : undefined
}
