/** docs/specs/signaling.md, "Rooms" and "Invites". */
import { createHash, createHmac, hkdfSync, scryptSync } from 'node:crypto'
import { base32, base58 } from './encoding.ts'

export interface MinimalRoom {
  readonly topic: string
  readonly presenceKey: Uint8Array
  readonly broadcastKey: Uint8Array
  readonly proofKey: Uint8Array
}

export interface MinimalRoomInit {
  readonly name: string
  readonly key?: Uint8Array
  readonly password?: string
}

export type Role = 'initiator' | 'responder'

export function deriveMinimalRoom({ name, key, password }: MinimalRoomInit): MinimalRoom {
  const normalized = Buffer.from(name.normalize('NFC'))
  const roomKey =
    key ??
    (password === undefined
      ? hkdf(normalized, '', 'hearsay/room/1 open')
      : fromPassword(password, normalized))
  return {
    topic: `/hearsay/room/1/${base32(hkdf(roomKey, '', 'hearsay/room/1 topic').subarray(0, 20))}`,
    presenceKey: hkdf(roomKey, '', 'hearsay/room/1 presence'),
    broadcastKey: hkdf(roomKey, '', 'hearsay/room/1 broadcast'),
    proofKey: hkdf(roomKey, '', 'hearsay/room/1 proof')
  }
}

export function roomKeyText(key: Uint8Array): string {
  const checksum = sha256('hearsay/room/1 checksum ', key).subarray(0, 4)
  return `hearsay-room-${base58(Buffer.concat([key, checksum]))}`
}

/** `addresses` are multiaddrs in binary form. */
export function inviteText(
  name: string,
  key: Uint8Array | undefined,
  addresses: readonly Uint8Array[]
): string {
  const room = Buffer.from(name)
  const content = Buffer.concat([
    Uint8Array.of(1, key === undefined ? 0 : 1, room.length),
    room,
    key ?? new Uint8Array(0),
    Uint8Array.of(addresses.length),
    ...addresses.flatMap((address) => [Uint8Array.of(address.length), address])
  ])
  const checksum = sha256('hearsay/invite/1 ', content).subarray(0, 4)
  return `hearsay-invite-${base58(Buffer.concat([content, checksum]))}`
}

/** `hash`: the handshake's, at the point of which the proof is. Peer IDs in bytes. */
export function proof(
  room: MinimalRoom,
  role: Role,
  hash: Uint8Array,
  initiator: Uint8Array,
  responder: Uint8Array
): Uint8Array {
  const label = Buffer.from(`hearsay/proof/1 ${role}`)
  return Uint8Array.from(
    createHmac('sha256', room.proofKey)
      .update(Buffer.concat([label, hash, initiator, responder]))
      .digest()
  )
}

/** HKDF(ikm, salt, info) of the specification. */
export function hkdf(ikm: Uint8Array, salt: Uint8Array | string, info: string, length = 32): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, salt, info, length))
}

export function sha256(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

function fromPassword(password: string, name: Uint8Array): Uint8Array {
  const salt = Buffer.concat([Buffer.from('hearsay/room/1 password '), name])
  const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 }
  return Uint8Array.from(scryptSync(password.normalize('NFC'), salt, 32, cost))
}
