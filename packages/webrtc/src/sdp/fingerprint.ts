import { SdpError } from './errors.ts'
import type { SdpLevel, SdpLine } from './lines.ts'

const SHA_256_BYTES = 32

/**
 * The one fingerprint of a section (RFC 8122 §5). Exactly one, and sha-256: a choice between several would let
 * whoever adds one decide which certificate is accepted. The same one may stand at both levels.
 */
export function parseFingerprint(session: SdpLevel, level: SdpLevel, media: SdpLine): Uint8Array {
  const lines = [level, session].map((at) => at.get('fingerprint')).filter((line) => line !== undefined)
  const [line, other] = lines
  if (line === undefined) {
    throw new SdpError('ERR_SDP_FINGERPRINT', 'the section needs a=fingerprint', { line: media.number })
  }
  const fingerprint = readFingerprint(line)
  if (other !== undefined && readFingerprint(other).some((byte, index) => byte !== fingerprint[index])) {
    throw new SdpError('ERR_SDP_FINGERPRINT', 'two fingerprints, at two levels', { line: other.number })
  }
  return fingerprint
}

function readFingerprint({ value, number }: SdpLine): Uint8Array {
  const match = /^sha-256 ([\dA-F]{2}(?::[\dA-F]{2}){31})$/i.exec(value)
  if (match?.[1] === undefined) {
    throw new SdpError('ERR_SDP_FINGERPRINT', 'a=fingerprint must be sha-256 and 32 bytes', { line: number })
  }
  return Uint8Array.from(match[1].split(':'), (hex) => parseInt(hex, 16))
}

/** Writes the value of `a=fingerprint`. */
export function formatFingerprint(fingerprint: Uint8Array): string {
  const hex = Array.from(fingerprint, (byte) => byte.toString(16).padStart(2, '0').toUpperCase())
  return `sha-256 ${hex.join(':')}`
}

/** True for the 32 bytes of a SHA-256. */
export function isFingerprint(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === SHA_256_BYTES
}
