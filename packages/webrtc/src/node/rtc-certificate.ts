import { Certificate, type DtlsFingerprint } from '../dtls/index.ts'
import { requireInternal, INTERNAL } from './internal.ts'

/** webrtc-pc §4.10.2 limits `expires` to a year. */
const MAX_LIFETIME_MS = 365 * 24 * 60 * 60 * 1000

/** `RTCCertificate` of webrtc-pc §4.9.1: ECDSA on P-256. */
export class RTCCertificate implements globalThis.RTCCertificate {
  readonly #certificate: Certificate

  constructor(key: typeof INTERNAL, certificate: Certificate) {
    requireInternal(key)
    this.#certificate = certificate
  }

  get expires(): number {
    return this.#certificate.expires
  }

  getFingerprints(): DtlsFingerprint[] {
    return this.#certificate.getFingerprints()
  }

  /** The certificate within, for the handshake. */
  static unwrap(certificate: RTCCertificate): Certificate {
    return certificate.#certificate
  }
}

/**
 * `RTCPeerConnection.generateCertificate()`: `{ name: 'ECDSA', namedCurve: 'P-256' }`, optionally with `expires`, the
 * lifetime in milliseconds.
 *
 * @throws {DOMException} NotSupportedError for any other kind of key, also RSA
 * @throws {TypeError} if `expires` is negative or no number
 */
export function generateCertificate(keygenAlgorithm: unknown): RTCCertificate {
  const { name, namedCurve, expires } = toAlgorithm(keygenAlgorithm)
  if (name.toUpperCase() !== 'ECDSA' || (namedCurve !== undefined && namedCurve !== 'P-256')) {
    throw new DOMException("only { name: 'ECDSA', namedCurve: 'P-256' } is supported", 'NotSupportedError')
  }
  if (expires === undefined) return new RTCCertificate(INTERNAL, Certificate.generate())
  const lifetimeMs = Number(expires)
  if (!(lifetimeMs >= 0)) throw new TypeError('expires: must be a number of milliseconds, 0 or more')
  return new RTCCertificate(
    INTERNAL,
    Certificate.generate({ lifetimeMs: Math.min(lifetimeMs, MAX_LIFETIME_MS) })
  )
}

function toAlgorithm(value: unknown): { name: string; namedCurve?: unknown; expires?: unknown } {
  if (typeof value === 'string') return { name: value, namedCurve: 'P-256' }
  const { name, namedCurve, expires } = (value ?? {}) as Record<string, unknown>
  if (typeof name !== 'string') throw new TypeError('keygenAlgorithm: needs a name')
  return { name, namedCurve, expires }
}
