import { createHmac, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What a STUN message of a test is made of. */
export interface StunParts {
  /** @default 0x0001, a Binding request */
  type?: number
  transactionId?: Uint8Array
  username?: string
  attributes?: readonly (readonly [type: number, value: Uint8Array])[]
  /** Adds MESSAGE-INTEGRITY under this password. */
  password?: string | Uint8Array
  /** Behind MESSAGE-INTEGRITY. */
  appended?: readonly (readonly [type: number, value: Uint8Array])[]
  /** @default a right one */
  fingerprint?: 'none' | 'wrong'
}

export const BINDING_SUCCESS = 0x0101
export const BINDING_ERROR = 0x0111
export const USE_CANDIDATE = 0x0025

/** Writes a STUN message byte by byte, also such as no decent agent would send. */
export function stunMessage(parts: StunParts): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(parts.type ?? 1, 0)
  header.writeUInt32BE(0x2112a442, 4)
  header.set(parts.transactionId ?? randomBytes(12), 8)
  let message: Buffer = header
  if (parts.username !== undefined) message = append(message, 0x0006, Buffer.from(parts.username))
  for (const [type, value] of parts.attributes ?? []) message = append(message, type, value)
  if (parts.password !== undefined) {
    const covered = Buffer.from(message)
    covered.writeUInt16BE(message.length + 24 - 20, 2)
    message = append(message, 0x0008, createHmac('sha1', parts.password).update(covered).digest())
  }
  for (const [type, value] of parts.appended ?? []) message = append(message, type, value)
  if (parts.fingerprint === 'none') return message
  const covered = Buffer.from(message)
  covered.writeUInt16BE(message.length + 8 - 20, 2)
  const value = Buffer.alloc(4)
  const crc = (crc32(covered) ^ 0x5354554e) >>> 0
  value.writeUInt32BE(parts.fingerprint === 'wrong' ? (crc ^ 1) >>> 0 : crc)
  return append(message, 0x8028, value)
}

function append(message: Buffer, type: number, value: Uint8Array): Buffer {
  const attribute = Buffer.alloc(4 + ((value.length + 3) & ~3))
  attribute.writeUInt16BE(type, 0)
  attribute.writeUInt16BE(value.length, 2)
  attribute.set(value, 4)
  const longer = Buffer.concat([message, attribute])
  longer.writeUInt16BE(longer.length - 20, 2)
  return longer
}
