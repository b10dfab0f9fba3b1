import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import {
  derBitString,
  derExplicit,
  derInteger,
  derObjectIdentifier,
  derSequence,
  derSet,
  derTime,
  derUtf8String
} from './der.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { DtlsFingerprint } from './fingerprint.ts'
import type { LocalCertificate } from './handshake.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** What W3C has for a certificate that nobody gave a lifetime (webrtc-pc, "generateCertificate"). */
const DEFAULT_LIFETIME_MS = 30 * DAY_MS

/** For peers that do look at the validity and whose clock is behind. */
const CLOCK_TOLERANCE_MS = DAY_MS

/** Says nothing about who we are: the certificate crosses the network in the clear. */
const COMMON_NAME = 'WebRTC'

const OID_COMMON_NAME = '2.5.4.3'
const OID_ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

/** X.509 version 3 is written as 2 (RFC 5280, section 4.1.2.1). */
const X509_V3 = Uint8Array.of(2)

/** A self-signed ECDSA P-256 certificate with its key: an `RTCCertificate` that can also sign. */
export class Certificate implements LocalCertificate {
  /** DER. */
  readonly der: Uint8Array
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number
  readonly #privateKey: KeyObject

  private constructor(der: Uint8Array, expires: number, privateKey: KeyObject) {
    this.der = der
    this.expires = expires
    this.#privateKey = privateKey
  }

  /**
   * Makes a key and a certificate for it; this takes a fraction of a millisecond.
   *
   * @param lifetimeMs from `now` on @default 30 days
   * @param now milliseconds since 1970 @default the clock's
   */
  static generate({ lifetimeMs = DEFAULT_LIFETIME_MS, now = Date.now() } = {}): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const algorithm = derSequence(derObjectIdentifier(OID_ECDSA_WITH_SHA256))
    const name = derSequence(
      derSet(derSequence(derObjectIdentifier(OID_COMMON_NAME), derUtf8String(COMMON_NAME)))
    )
    const expires = now + lifetimeMs
    const toBeSigned = derSequence(
      derExplicit(0, derInteger(X509_V3)),
      derInteger(serialNumber()),
      algorithm,
      name,
      derSequence(derTime(new Date(now - CLOCK_TOLERANCE_MS)), derTime(new Date(expires))),
      name,
      publicKey.export({ format: 'der', type: 'spki' })
    )
    const signature = derBitString(sign('sha256', toBeSigned, privateKey))
    return new Certificate(derSequence(toBeSigned, algorithm, signature), expires, privateKey)
  }

  /** The one sha-256 fingerprint; the value is in lower case, as W3C has it. */
  getFingerprints(): DtlsFingerprint[] {
    return [fingerprintOf(this.der)]
  }

  sign(data: Uint8Array): Uint8Array {
    return sign('sha256', data, this.#privateKey)
  }
}

/** Random and positive, with no leading zero (RFC 5280, section 4.1.2.2). */
function serialNumber(): Uint8Array {
  const serial = randomBytes(8)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}
