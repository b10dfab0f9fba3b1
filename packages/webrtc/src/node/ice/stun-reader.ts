import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Class of a STUN message (RFC 8489 §5). */
export type StunClass = 'request' | 'indication' | 'success' | 'error'

/** The parts of a STUN message that decide whether it may pass. */
export interface StunEnvelope {
  readonly class: StunClass
  readonly method: number
  /** 12 bytes in hex. */
  readonly transactionId: string
  /** The first USERNAME, if any. */
  readonly username?: string
  /** Whether there is a PRIORITY, which every check has (RFC 8445 §7.1.1). */
  readonly hasPriority: boolean
  /** The error of the first ERROR-CODE, such as 487. */
  readonly errorCode?: number
  /** Where the first MESSAGE-INTEGRITY begins; -1 without one. */
  readonly integrityOffset: number
  readonly fingerprint: 'absent' | 'right' | 'wrong'
}

export const STUN_HEADER_LENGTH = 20
export const BINDING = 1
const MAGIC_COOKIE = 0x2112a442
const USERNAME = 0x0006
const PRIORITY = 0x0024
const MESSAGE_INTEGRITY = 0x0008
const ERROR_CODE = 0x0009
const FINGERPRINT = 0x8028
const FINGERPRINT_XOR = 0x5354554e
const INTEGRITY_LENGTH = 20
const CLASSES: readonly StunClass[] = ['request', 'indication', 'success', 'error']

/**
 * Reads as much of a STUN message as the guard must know, strictly: a wrong length, a truncated attribute or anything
 * behind FINGERPRINT makes it unreadable. Attributes behind MESSAGE-INTEGRITY are not looked at, because nobody vouches
 * for them (RFC 8489 §14.5).
 */
export function readStun(data: Buffer): StunEnvelope | undefined {
  if (data.length < STUN_HEADER_LENGTH || data.length % 4 !== 0) return undefined
  if (data[0] > 0x3f || data.readUInt32BE(4) !== MAGIC_COOKIE) return undefined
  if (data.readUInt16BE(2) !== data.length - STUN_HEADER_LENGTH) return undefined
  const type = data.readUInt16BE(0)
  let username: string | undefined
  let hasPriority = false
  let errorCode: number | undefined
  let integrityOffset = -1
  let fingerprint: StunEnvelope['fingerprint'] = 'absent'
  for (let offset = STUN_HEADER_LENGTH; offset < data.length;) {
    const attribute = data.readUInt16BE(offset)
    const length = data.readUInt16BE(offset + 2)
    const next = offset + 4 + ((length + 3) & ~3)
    if (next > data.length || fingerprint !== 'absent') return undefined
    const value = data.subarray(offset + 4, offset + 4 + length)
    if (attribute === FINGERPRINT) {
      if (length !== 4) return undefined
      fingerprint = value.readUInt32BE(0) === fingerprintOf(data, offset) ? 'right' : 'wrong'
    } else if (integrityOffset === -1) {
      if (attribute === MESSAGE_INTEGRITY) {
        if (length !== INTEGRITY_LENGTH) return undefined
        integrityOffset = offset
      } else if (attribute === USERNAME) {
        username ??= value.toString('utf8')
      } else if (attribute === PRIORITY) {
        hasPriority = length === 4
      } else if (attribute === ERROR_CODE && length >= 4) {
        errorCode ??= (value[2] & 7) * 100 + value[3]
      }
    }
    offset = next
  }
  return {
    class: CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)],
    method: (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2),
    transactionId: data.toString('hex', 8, STUN_HEADER_LENGTH),
    ...(username === undefined ? {} : { username }),
    hasPriority,
    ...(errorCode === undefined ? {} : { errorCode }),
    integrityOffset,
    fingerprint
  }
}

/**
 * Checks MESSAGE-INTEGRITY and returns the part of the message that it covers, as a message of its own; undefined if it
 * is absent or wrong. Who reads on sees no attribute that an attacker has appended.
 */
export function authenticatedPart(
  data: Buffer,
  envelope: StunEnvelope,
  password: string
): Buffer | undefined {
  const { integrityOffset } = envelope
  if (integrityOffset === -1) return undefined
  const end = integrityOffset + 4 + INTEGRITY_LENGTH
  const part = Buffer.from(data.subarray(0, end))
  part.writeUInt16BE(end - STUN_HEADER_LENGTH, 2)
  const expected = createHmac('sha1', password).update(part.subarray(0, integrityOffset)).digest()
  return timingSafeEqual(expected, part.subarray(integrityOffset + 4)) ? part : undefined
}

/** FINGERPRINT covers all that precedes it, with the length field counting it in (RFC 8489 §14.7). */
function fingerprintOf(data: Buffer, offset: number): number {
  const header = Buffer.from(data.subarray(0, STUN_HEADER_LENGTH))
  header.writeUInt16BE(offset + 8 - STUN_HEADER_LENGTH, 2)
  const crc = crc32(data.subarray(STUN_HEADER_LENGTH, offset), crc32(header))
  return (crc ^ FINGERPRINT_XOR) >>> 0
}
