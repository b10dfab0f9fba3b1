import { X509Certificate, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SignatureScheme } from './protocol.ts'
import type { DigitallySigned } from './messages/server-key-exchange.ts'

/** Shorter RSA keys are within reach of factoring (RFC 9325, section 4.5). */
const MIN_RSA_BITS = 2048

/** The peer's certificate, already matched against the fingerprint. */
export interface PeerCertificate {
  readonly der: Uint8Array
  readonly publicKey: KeyObject
  readonly scheme: SignatureScheme
}

/**
 * Reads the public key of a certificate: ECDSA on P-256, or RSA of at least 2048 bits. Names, validity and
 * issuer are not looked at, since the fingerprint alone vouches for it (RFC 8827, section 5.6; RFC 8122).
 */
export function readPeerCertificate(der: Uint8Array): PeerCertificate | undefined {
  let publicKey: KeyObject
  try {
    publicKey = new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  if (publicKey.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') {
    return { der, publicKey, scheme: SignatureScheme.ecdsaSecp256r1Sha256 }
  }
  if (publicKey.asymmetricKeyType === 'rsa' && modulusLength !== undefined && modulusLength >= MIN_RSA_BITS) {
    return { der, publicKey, scheme: SignatureScheme.rsaPkcs1Sha256 }
  }
  return undefined
}

/** Whether the owner of the certificate signed `content`; the scheme must be the one of its key. */
export function isSignedBy(
  { publicKey, scheme }: PeerCertificate,
  content: Uint8Array,
  signed: DigitallySigned
): boolean {
  if (signed.scheme !== scheme) return false
  try {
    return verify('sha256', content, publicKey, signed.signature)
  } catch {
    return false
  }
}
