import { ByteReader } from '../byte-reader.ts'
import { vectorBytes } from '../byte-writer.ts'

/** A Certificate message with one certificate (RFC 5246, section 7.4.2). */
export function encodeCertificate(der: Uint8Array): Uint8Array {
  return vectorBytes(3, vectorBytes(3, der))
}

/**
 * The end-entity certificate, DER: the first of the chain. Certificates behind it prove nothing here, where
 * the fingerprint alone decides. Undefined if there is none or the message is unsound.
 */
export function decodeCertificate(body: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(body)
  const chain = new ByteReader(reader.vector(3))
  const first = chain.vector(3)
  while (chain.hasMore) chain.vector(3)
  return reader.isComplete && chain.isComplete && first.length > 0 ? first : undefined
}
