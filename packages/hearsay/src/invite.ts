import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { sha256 } from '@noble/hashes/sha2.js'
import { multiaddr } from '@multiformats/multiaddr'
import { base58btc } from 'multiformats/bases/base58'
import { decodeRoomKey } from '@hearsay/signaling'
import { InvalidInviteError } from './errors.ts'
import { parseMultiaddr } from './parse-multiaddr.ts'

/** What it takes to join a room, in one piece of text. */
export interface Invite {
  /** The room's name, 1 to 128 bytes. */
  readonly room: string
  /** The room's key. Absent for an open room. */
  readonly key?: Uint8Array
  /** Multiaddrs of members to enter through. May be empty: then they have to be told otherwise. */
  readonly bootstrap: readonly string[]
}

/** What goes into an invite: as `Invite`, and the key may be text as `generateRoomKey()` gives it. */
export interface InviteInit {
  readonly room: string
  readonly key?: Uint8Array | string
  /** @default none */
  readonly bootstrap?: readonly string[]
}

/** What an invite starts with, so that it is not taken for a room key. */
const PREFIX = 'hearsay-invite-'
const VERSION = 1
const HAS_KEY = 1
const KEY_BYTES = 32

/** Checksum bytes: an invite that was cut or mistyped is noticed where it is pasted. */
const CHECKSUM_BYTES = 4
const MAX_NAME_BYTES = 128

/** More ways in help nobody, and the text should fit into a message or a QR code. */
const MAX_ADDRESSES = 8
const MAX_ADDRESS_BYTES = 255

/** The longest invite that those limits allow has about 3,100 characters. */
const MAX_TEXT_LENGTH = 4096

/**
 * Puts a room's name, its key and addresses of members into one piece of text. Whoever has it can join a closed room:
 * it is as secret as the key.
 *
 * @throws {InvalidInviteError} {InvalidRoomError} {InvalidMultiaddrError} name, key or an address cannot be used
 */
export function renderInvite({ room, key, bootstrap = [] }: InviteInit): string {
  const name = fromString(room.normalize('NFC'))
  if (name.length === 0 || name.length > MAX_NAME_BYTES) {
    throw new InvalidInviteError(
      `a room's name has 1 to ${MAX_NAME_BYTES} bytes, this one has ${name.length}`
    )
  }
  if (bootstrap.length > MAX_ADDRESSES) {
    throw new InvalidInviteError(`an invite holds ${MAX_ADDRESSES} addresses at most`)
  }
  const keyBytes = typeof key === 'string' ? decodeRoomKey(key) : key
  if (keyBytes !== undefined && keyBytes.length !== KEY_BYTES) {
    throw new InvalidInviteError(`a room key has ${KEY_BYTES} bytes, this one has ${keyBytes.length}`)
  }
  const addresses = bootstrap.map(addressBytes)
  const content = concat([
    Uint8Array.of(VERSION, keyBytes === undefined ? 0 : HAS_KEY, name.length),
    name,
    keyBytes ?? new Uint8Array(0),
    Uint8Array.of(addresses.length),
    ...addresses.flatMap((address) => [Uint8Array.of(address.length), address])
  ])
  return PREFIX + base58btc.encode(concat([content, checksum(content)])).slice(1)
}

/**
 * Reads an invite.
 *
 * @throws {InvalidInviteError} it is none, was cut or mistyped, or is of a later version
 */
export function parseInvite(text: string): Invite {
  const bytes = decodeText(text.trim())
  const content = bytes.subarray(0, -CHECKSUM_BYTES)
  if (!equals(checksum(content), bytes.subarray(-CHECKSUM_BYTES))) {
    throw new InvalidInviteError('it was cut or mistyped: its checksum does not fit')
  }
  const [version, flags] = content
  if (version !== VERSION) {
    throw new InvalidInviteError(
      `it is of version ${version}, this release reads version ${VERSION}: update it`
    )
  }
  let at = 2
  const take = (length: number): Uint8Array => {
    at += length
    if (at > content.length) throw new InvalidInviteError('it ends too early')
    return content.subarray(at - length, at)
  }
  const takePrefixed = (): Uint8Array => take(take(1)[0])
  const room = nameOf(takePrefixed())
  const key = flags === HAS_KEY ? take(KEY_BYTES).slice() : undefined
  const bootstrap = Array.from({ length: take(1)[0] }, () => addressText(takePrefixed()))
  if ((flags !== 0 && flags !== HAS_KEY) || at !== content.length || bootstrap.length > MAX_ADDRESSES) {
    throw new InvalidInviteError('it holds more than this release knows: update it')
  }
  return { room, ...(key !== undefined && { key }), bootstrap }
}

function decodeText(text: string): Uint8Array {
  if (!text.startsWith(PREFIX) || text.length > MAX_TEXT_LENGTH) {
    throw new InvalidInviteError(`copy the whole text that starts with '${PREFIX}'`)
  }
  try {
    return base58btc.decode(`z${text.slice(PREFIX.length)}`)
  } catch (cause) {
    throw new InvalidInviteError('it holds characters that no invite has: copy the whole text again', cause)
  }
}

function nameOf(bytes: Uint8Array): string {
  try {
    if (bytes.length > 0 && bytes.length <= MAX_NAME_BYTES) {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    }
  } catch (cause) {
    throw new InvalidInviteError("its room's name is no text", cause)
  }
  throw new InvalidInviteError(`its room's name has ${bytes.length} bytes`)
}

function addressBytes(text: string): Uint8Array {
  const { bytes } = parseMultiaddr(text)
  if (bytes.length > MAX_ADDRESS_BYTES) throw new InvalidInviteError(`'${text}' is too long`)
  return bytes
}

function addressText(bytes: Uint8Array): string {
  try {
    if (bytes.length > 0) return multiaddr(bytes).toString()
  } catch (cause) {
    throw new InvalidInviteError('one of its addresses cannot be read', cause)
  }
  throw new InvalidInviteError('one of its addresses is empty')
}

function checksum(content: Uint8Array): Uint8Array {
  return sha256(concat([fromString('hearsay/invite/1 '), content])).subarray(0, CHECKSUM_BYTES)
}
