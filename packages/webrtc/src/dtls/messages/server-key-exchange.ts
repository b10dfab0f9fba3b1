import { ByteReader } from '../byte-reader.ts'
import { concatBytes, uintBytes, vectorBytes } from '../byte-writer.ts'

/** `ECCurveType.named_curve` (RFC 8422, section 5.4); the explicit forms are gone. */
const NAMED_CURVE = 3

/** A signature with its algorithm (RFC 5246, section 4.7); also the body of CertificateVerify. */
export interface DigitallySigned {
  readonly scheme: number
  readonly signature: Uint8Array
}

/** RFC 8422, section 5.4. */
export interface ServerKeyExchange extends DigitallySigned {
  readonly group: number
  readonly publicKey: Uint8Array
}

/** `ServerECDHParams`: what the signature covers, behind the two randoms. */
export function encodeEcdhParams(group: number, publicKey: Uint8Array): Uint8Array {
  return concatBytes(uintBytes(NAMED_CURVE, 1), uintBytes(group, 2), vectorBytes(1, publicKey))
}

export function encodeDigitallySigned({ scheme, signature }: DigitallySigned): Uint8Array {
  return concatBytes(uintBytes(scheme, 2), vectorBytes(2, signature))
}

export function decodeDigitallySigned(body: Uint8Array): DigitallySigned | undefined {
  const reader = new ByteReader(body)
  const scheme = reader.uint(2)
  const signature = reader.vector(2)
  return reader.isComplete ? { scheme, signature } : undefined
}

export function decodeServerKeyExchange(body: Uint8Array): ServerKeyExchange | undefined {
  const reader = new ByteReader(body)
  const curveType = reader.uint(1)
  const group = reader.uint(2)
  const publicKey = reader.vector(1)
  const signed = decodeDigitallySigned(reader.rest())
  if (signed === undefined || !reader.isComplete || curveType !== NAMED_CURVE) return undefined
  return { group, publicKey, ...signed }
}
