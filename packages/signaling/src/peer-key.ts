import { ed25519 } from '@noble/curves/ed25519.js'
import { base58btc } from 'multiformats/bases/base58'
import { compareBytes } from './bytes.ts'
import { UnsupportedKeyError } from './errors.ts'

/**
 * What stands before the 32 bytes of the key in an Ed25519 peer ID: an identity multihash of 36 bytes, which are
 * libp2p's `PublicKey` protobuf (type 1, data of 32 bytes).
 */
const ED25519_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** Length of an Ed25519 peer ID in bytes. */
export const PEER_ID_BYTES = ED25519_PREFIX.length + 32

/** The peer ID's bytes (identity multihash) of an Ed25519 public key. */
export function peerIdBytes(publicKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PEER_ID_BYTES)
  bytes.set(ED25519_PREFIX)
  bytes.set(publicKey, ED25519_PREFIX.length)
  return bytes
}

/** The peer ID's text (base58btc) of an Ed25519 public key. */
export function peerIdText(publicKey: Uint8Array): string {
  return base58btc.encode(peerIdBytes(publicKey)).slice(1)
}

/** The peer ID's text (base58btc) of an Ed25519 seed. */
export function peerIdOfSeed(seed: Uint8Array): string {
  return peerIdText(ed25519.getPublicKey(seed))
}

/** The Ed25519 public key in a peer ID's bytes, unchecked; undefined where it is no Ed25519 peer ID. */
export function publicKeyOfBytes(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== PEER_ID_BYTES || ED25519_PREFIX.some((byte, index) => bytes[index] !== byte)) {
    return undefined
  }
  return bytes.slice(ED25519_PREFIX.length)
}

/**
 * The Ed25519 public key in a peer ID's text. Whether the key can be used is another question: `staticKeyOf()`.
 *
 * @throws {UnsupportedKeyError} not a peer ID, or one of another key type
 */
export function publicKeyOf(peerId: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = base58btc.decode(`z${peerId}`)
  } catch (cause) {
    throw new UnsupportedKeyError(`'${peerId}'`, 'it is not base58btc', { cause })
  }
  const publicKey = publicKeyOfBytes(bytes)
  if (publicKey === undefined) {
    throw new UnsupportedKeyError(`'${peerId}'`, 'it does not hold an Ed25519 public key')
  }
  return publicKey
}

/**
 * Orders peer IDs by the bytes of their public keys: negative where `a` is lower. In glare the lower one is polite.
 *
 * @throws {UnsupportedKeyError} one of them is not an Ed25519 peer ID
 */
export function comparePeerIds(a: string, b: string): number {
  return compareBytes(publicKeyOf(a), publicKeyOf(b))
}
