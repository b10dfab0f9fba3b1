import { hkdf } from '@noble/hashes/hkdf.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { compareBytes, concat, utf8 } from '../bytes.ts'
import { InvalidRoomError } from '../errors.ts'

/** Length of a room key in bytes. */
export const ROOM_KEY_BYTES = 32

/** What a room key's text starts with, so that it is not taken for a peer ID or a password. */
const ROOM_KEY_PREFIX = 'hearsay-room-'

/** Checksum bytes in a room key's text: a mistyped key is noticed where it is typed. */
const CHECKSUM_BYTES = 4

/** A room's name is at most this long, so that it fits into a topic, a log line and a QR code. */
export const MAX_ROOM_NAME_BYTES = 128

/**
 * scrypt's cost for passwords. N = 2^15, r = 8: 32 MiB and about 0.2 s in JavaScript for a member, once; the same for
 * an attacker, for each guess. It is part of the protocol: members with other parameters have other rooms.
 */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, dkLen: ROOM_KEY_BYTES } as const

/** Where a room comes from. An open room has a name alone: whoever knows the name is a member. */
export interface RoomInit {
  /** Public name, 1 to 128 bytes of UTF-8. */
  name: string
  /** 32 random bytes, or their text form: see `generateRoomKey()`. */
  key?: Uint8Array | string
  /** Instead of a key. Only as strong as its entropy times the cost of scrypt: anyone in the overlay can guess offline. */
  password?: string
}

/** A room and what is derived from its key. All but `topic` and `name` is secret (in an open room: public). */
export interface Room {
  readonly name: string
  /** Nobody needs a key to be in this room. */
  readonly open: boolean
  /** The room's gossipsub topic. Says nothing of the room's name to who does not know the key. */
  readonly topic: string
  /** 32 bytes: encrypts presence inside the room. */
  readonly presenceKey: Uint8Array
  /** 32 bytes: encrypts what a member says to the whole room. */
  readonly broadcastKey: Uint8Array
  /** 32 bytes: proves membership in Noise messages 1 and 2. */
  readonly proofKey: Uint8Array
  /** 32 bytes: the key of the record under which the room's members are found in a DHT. Its nodes see it. */
  readonly dhtKey: Uint8Array
  /** 32 bytes: names the room on the local network, which sees the name. */
  readonly mdnsKey: Uint8Array
}

/** A new room key in its text form, which `deriveRoom()` and the command line take. */
export function generateRoomKey(
  randomBytes: (length: number) => Uint8Array = (length) => crypto.getRandomValues(new Uint8Array(length))
): string {
  return encodeRoomKey(randomBytes(ROOM_KEY_BYTES))
}

/** The text form of a room key: `hearsay-room-`, then base58btc of the key and four bytes of checksum. */
export function encodeRoomKey(key: Uint8Array): string {
  assertKeyLength(key)
  return ROOM_KEY_PREFIX + base58btc.encode(concat(key, checksum(key))).slice(1)
}

/**
 * The room key in its text form.
 *
 * @throws {InvalidRoomError} it is not one, or was mistyped
 */
export function decodeRoomKey(text: string): Uint8Array {
  const bytes = decodeBase58(text)
  const key = bytes?.slice(0, ROOM_KEY_BYTES)
  if (
    bytes?.length !== ROOM_KEY_BYTES + CHECKSUM_BYTES ||
    key === undefined ||
    compareBytes(checksum(key), bytes.subarray(ROOM_KEY_BYTES)) !== 0
  ) {
    throw new InvalidRoomError(
      `this is not a room key: copy the whole text that starts with '${ROOM_KEY_PREFIX}', or make a new key`
    )
  }
  return key
}

/**
 * Derives a room. With a password this takes a while (scrypt) and yields to other tasks meanwhile.
 *
 * @throws {InvalidRoomError} the name is empty or too long, the key is malformed, or both key and password are given
 */
export async function deriveRoom({ name, key, password }: RoomInit): Promise<Room> {
  const nameBytes = utf8(name.normalize('NFC'))
  if (nameBytes.length === 0 || nameBytes.length > MAX_ROOM_NAME_BYTES) {
    throw new InvalidRoomError(
      `a room's name has 1 to ${MAX_ROOM_NAME_BYTES} bytes, this one has ${nameBytes.length}`
    )
  }
  if (key !== undefined && password !== undefined) {
    throw new InvalidRoomError('a room has a key or a password, not both: leave one of them out')
  }
  const roomKey = await roomKeyOf(nameBytes, key, password)
  const derive = (label: string) => hkdf(sha256, roomKey, undefined, utf8(`hearsay/room/1 ${label}`), 32)
  return {
    name,
    open: key === undefined && password === undefined,
    topic: `/hearsay/room/1/${base32.encode(derive('topic').subarray(0, 20)).slice(1)}`,
    presenceKey: derive('presence'),
    broadcastKey: derive('broadcast'),
    proofKey: derive('proof'),
    dhtKey: derive('dht'),
    mdnsKey: derive('mdns')
  }
}

async function roomKeyOf(
  name: Uint8Array,
  key: Uint8Array | string | undefined,
  password: string | undefined
): Promise<Uint8Array> {
  if (key !== undefined) {
    const bytes = typeof key === 'string' ? decodeRoomKey(key) : key
    assertKeyLength(bytes)
    return bytes
  }
  if (password === undefined) {
    return hkdf(sha256, name, undefined, utf8('hearsay/room/1 open'), ROOM_KEY_BYTES)
  }
  if (password === '') {
    throw new InvalidRoomError('the password is empty: choose one, or leave it out for an open room')
  }
  const salt = concat(utf8('hearsay/room/1 password '), name)
  return scryptAsync(utf8(password.normalize('NFC')), salt, SCRYPT)
}

function assertKeyLength(key: Uint8Array): void {
  if (key.length !== ROOM_KEY_BYTES) {
    throw new InvalidRoomError(
      `a room key has ${ROOM_KEY_BYTES} bytes, this one has ${key.length}: make one with generateRoomKey()`
    )
  }
}

function decodeBase58(text: string): Uint8Array | undefined {
  if (!text.startsWith(ROOM_KEY_PREFIX)) {
    return undefined
  }
  try {
    return base58btc.decode(`z${text.slice(ROOM_KEY_PREFIX.length)}`)
  } catch {
    return undefined
  }
}

function checksum(key: Uint8Array): Uint8Array {
  return sha256(concat(utf8('hearsay/room/1 checksum '), key)).subarray(0, CHECKSUM_BYTES)
}
