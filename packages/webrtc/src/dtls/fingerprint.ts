import { createHash, timingSafeEqual } from 'node:crypto'
import { DtlsError } from './errors.ts'

/** An `a=fingerprint` of SDP (RFC 8122); the dictionary `RTCDtlsFingerprint` of W3C. */
export interface DtlsFingerprint {
  /** Only `sha-256` (in any case) is accepted. */
  readonly algorithm: string
  /** 32 bytes in hex, separated by colons. */
  readonly value: string
}

const SHA_256_VALUE = /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i

/**
 * The bytes of a sha-256 fingerprint.
 *
 * @throws {DtlsError} ERR_DTLS_FINGERPRINT if it is of another algorithm or not 32 bytes in hex
 */
export function parseFingerprint({ algorithm, value }: DtlsFingerprint): Uint8Array {
  if (algorithm.toLowerCase() !== 'sha-256') {
    throw new DtlsError(
      'ERR_DTLS_FINGERPRINT',
      `The remote fingerprint is of algorithm "${algorithm}"; give the peer's sha-256 fingerprint.`
    )
  }
  if (!SHA_256_VALUE.test(value)) {
    throw new DtlsError(
      'ERR_DTLS_FINGERPRINT',
      'The remote fingerprint must be 32 bytes in hex, separated by colons, as in SDP.'
    )
  }
  return Uint8Array.from(value.split(':'), (byte) => parseInt(byte, 16))
}

/** The sha-256 fingerprint of a certificate, in lower case as RFC 8122 has the algorithm and W3C the value. */
export function fingerprintOf(der: Uint8Array): DtlsFingerprint {
  return toDtlsFingerprint(createHash('sha256').update(der).digest())
}

/** The same of the 32 bytes of a SHA-256. */
export function toDtlsFingerprint(bytes: Uint8Array): DtlsFingerprint {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  return { algorithm: 'sha-256', value: hex.join(':') }
}

/** Whether the certificate is the fingerprinted one; takes the same time whatever the difference. */
export function matchesFingerprint(der: Uint8Array, fingerprint: Uint8Array): boolean {
  return timingSafeEqual(createHash('sha256').update(der).digest(), fingerprint)
}
