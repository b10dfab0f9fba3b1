import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { decodePresenceRecord, encodePresenceRecord } from './presence-record.ts'
import type { PresenceRecord } from './presence-record.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const VERSION = 1
const NONCE_BYTES = 24
const TAG_BYTES = 16

/** Signatures of this domain sign nothing else (libp2p RFC 0002, "Domain Separation"). */
const DOMAIN = 'hearsay-presence'
const PAYLOAD_TYPE = fromString('/hearsay/presence-record')

/** A sealed record is no longer: 16 addresses and 16 services of full length fit, a flood of padding does not. */
export const MAX_SEALED_BYTES = 8 * 1024

/** Where records of a room are said, and the key under which only its members read them. */
export interface PresenceRoom {
  readonly topic: string
  /** 32 bytes. */
  readonly presenceKey: Uint8Array
}

/** Signs a record by the member's key and encrypts it for the room. `nonce` is 24 random bytes. */
export async function sealPresence(
  record: PresenceRecord,
  privateKey: Ed25519PrivateKey,
  room: PresenceRoom,
  nonce: Uint8Array
): Promise<Uint8Array> {
  const envelope = await RecordEnvelope.seal(
    {
      domain: DOMAIN,
      codec: PAYLOAD_TYPE,
      marshal: () => encodePresenceRecord(record, room.topic),
      equals: () => false
    },
    privateKey
  )
  const header = Uint8Array.of(VERSION)
  const sealed = cipher(room, nonce).encrypt(envelope.marshal())
  return concat([header, nonce, sealed])
}

/** A record and who signed it. */
export interface OpenedPresence {
  readonly peerId: string
  readonly record: PresenceRecord
}

/** Decrypts and verifies what a stranger sent: `undefined` for anything that is not a member's sound record. */
export async function openPresence(
  bytes: Uint8Array,
  room: PresenceRoom
): Promise<OpenedPresence | undefined> {
  if (
    bytes.length > MAX_SEALED_BYTES ||
    bytes.length <= 1 + NONCE_BYTES + TAG_BYTES ||
    bytes[0] !== VERSION
  ) {
    return undefined
  }
  try {
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
    const marshalled = cipher(room, nonce).decrypt(bytes.subarray(1 + NONCE_BYTES))
    const envelope = await RecordEnvelope.openAndCertify(marshalled, DOMAIN)
    // Other keys would be verified just as well, but nobody can write to their owners.
    if (envelope.publicKey.type !== 'Ed25519') return undefined
    const record = decodePresenceRecord(envelope.payload.subarray(), room.topic)
    return record && { peerId: peerIdFromPublicKey(envelope.publicKey).toString(), record }
  } catch {
    return undefined
  }
}

function cipher(room: PresenceRoom, nonce: Uint8Array): ReturnType<typeof xchacha20poly1305> {
  return xchacha20poly1305(room.presenceKey, nonce, fromString(`/hearsay/presence/1.0.0 ${room.topic}`))
}
