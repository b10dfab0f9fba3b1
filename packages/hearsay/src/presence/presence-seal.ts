import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { PRESENCE_PROTOCOL } from '../constants.ts'
import { knownRecord } from './known-record.ts'
import { decodePresenceRecord, encodePresenceRecord } from './presence-record.ts'
import type { PresenceRecord } from './presence-record.ts'
import type { KnownRecord } from './known-record.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const VERSION = 1
const NONCE_BYTES = 24
const TAG_BYTES = 16

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
      domain: domainOf(room),
      codec: PAYLOAD_TYPE,
      marshal: () => encodePresenceRecord(record),
      equals: () => false
    },
    privateKey
  )
  const header = Uint8Array.of(VERSION)
  const sealed = cipher(room, nonce).encrypt(envelope.marshal())
  return concat([header, nonce, sealed])
}

/**
 * A sound record of the room, and whether its signature was verified, or says nothing new and was not; or `foreign`:
 * one of another version, which whoever passes it on may understand.
 */
export type OpenedPresence =
  | { readonly verdict: 'verified'; readonly known: KnownRecord }
  | { readonly verdict: 'stale'; readonly peerId: string; readonly record: PresenceRecord }
  | { readonly verdict: 'foreign' }

/**
 * Decrypts and verifies what a stranger sent: `undefined` for anything that is not a member's sound record.
 *
 * @param isNews whether a record is worth verifying, which costs most of the time
 */
export async function openPresence(
  bytes: Uint8Array,
  room: PresenceRoom,
  isNews: (peerId: string, record: PresenceRecord) => boolean = () => true
): Promise<OpenedPresence | undefined> {
  if (bytes.length > MAX_SEALED_BYTES || bytes.length === 0) return undefined
  if (bytes[0] !== VERSION) return { verdict: 'foreign' }
  if (bytes.length <= 1 + NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
    const marshalled = cipher(room, nonce).decrypt(bytes.subarray(1 + NONCE_BYTES))
    const envelope = RecordEnvelope.createFromProtobuf(marshalled)
    // Other keys would be verified just as well, but nobody can write to their owners.
    if (envelope.publicKey.type !== 'Ed25519') return undefined
    const record = decodePresenceRecord(envelope.payload.subarray())
    if (record === undefined) return undefined
    const peerId = peerIdFromPublicKey(envelope.publicKey).toString()
    if (!isNews(peerId, record)) return { verdict: 'stale', peerId, record }
    if (!(await envelope.validate(domainOf(room)))) return undefined
    return { verdict: 'verified', known: knownRecord(peerId, record, bytes) }
  } catch {
    return undefined
  }
}

/**
 * What shows a neighbour that we are in the room: an HMAC under the room's key over both peer IDs, which the connection
 * has proven, so that nobody else can use it.
 */
export function helloProof(room: PresenceRoom, from: string, to: string): Uint8Array {
  return hmac(
    sha256,
    room.presenceKey,
    fromString([`${PRESENCE_PROTOCOL} hello`, room.topic, from, to].join('\n'))
  )
}

/**
 * Signatures of this domain sign nothing else (libp2p RFC 0002, "Domain Separation"), and count in this room only.
 */
function domainOf(room: PresenceRoom): string {
  return `hearsay-presence ${room.topic}`
}

function cipher(room: PresenceRoom, nonce: Uint8Array): ReturnType<typeof xchacha20poly1305> {
  return xchacha20poly1305(room.presenceKey, nonce, fromString(`${PRESENCE_PROTOCOL} ${room.topic}`))
}
