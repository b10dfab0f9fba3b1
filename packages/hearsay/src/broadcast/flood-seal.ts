import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { decodeFlood, encodeFlood, MAX_BODY_BYTES } from './flood.ts'
import type { Flood } from './flood.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const VERSION = 1
const NONCE_BYTES = 24
const TAG_BYTES = 16

const PROTOCOL = '/hearsay/broadcast/1.0.0'
const PAYLOAD_TYPE = fromString('/hearsay/broadcast')

/** A sealed flood is no longer: beside the largest body its key, signature, instance and the like take about 230 bytes. */
export const MAX_SEALED_BYTES = MAX_BODY_BYTES + 512

/** Where a room's broadcasts are flooded, and the key under which only its members read them. */
export interface BroadcastRoom {
  readonly topic: string
  /** 32 bytes. */
  readonly broadcastKey: Uint8Array
}

/** A flood that a member of the room has sealed; whether its origin has signed it is still to be verified. */
export interface OpenedFlood {
  /** Peer ID. */
  readonly origin: string
  readonly flood: Flood
  /** Whether the origin has signed it. */
  readonly verify: () => Promise<boolean>
}

/** Signs a flood by the origin's key and encrypts it for the room. `nonce` is 24 random bytes. */
export async function sealFlood(
  flood: Flood,
  privateKey: Ed25519PrivateKey,
  room: BroadcastRoom,
  nonce: Uint8Array
): Promise<Uint8Array> {
  const envelope = await RecordEnvelope.seal(
    { domain: domainOf(room), codec: PAYLOAD_TYPE, marshal: () => encodeFlood(flood), equals: () => false },
    privateKey
  )
  return concat([Uint8Array.of(VERSION), nonce, cipher(room, nonce).encrypt(envelope.marshal())])
}

/**
 * Decrypts what a stranger sent.
 *
 * @returns `foreign` for another version, which whoever passes it on may understand; `undefined` for anything else that
 *   is no flood of this room
 */
export function openFlood(bytes: Uint8Array, room: BroadcastRoom): OpenedFlood | 'foreign' | undefined {
  if (bytes.length > MAX_SEALED_BYTES || bytes.length === 0) return undefined
  if (bytes[0] !== VERSION) return 'foreign'
  if (bytes.length <= 1 + NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
    const marshalled = cipher(room, nonce).decrypt(bytes.subarray(1 + NONCE_BYTES))
    const envelope = RecordEnvelope.createFromProtobuf(marshalled)
    // Peers are known by keys of this type only.
    if (envelope.publicKey.type !== 'Ed25519') return undefined
    const flood = decodeFlood(envelope.payload.subarray())
    if (flood === undefined) return undefined
    return {
      origin: peerIdFromPublicKey(envelope.publicKey).toString(),
      flood,
      verify: async () => {
        try {
          return await envelope.validate(domainOf(room))
        } catch {
          return false
        }
      }
    }
  } catch {
    return undefined
  }
}

/** Signatures of this domain sign nothing else (libp2p RFC 0002, "Domain Separation"), and count in this room only. */
function domainOf({ topic }: BroadcastRoom): string {
  return `hearsay-broadcast ${topic}`
}

function cipher(
  { broadcastKey, topic }: BroadcastRoom,
  nonce: Uint8Array
): ReturnType<typeof xchacha20poly1305> {
  return xchacha20poly1305(broadcastKey, nonce, fromString(`${PROTOCOL} ${topic}`))
}
