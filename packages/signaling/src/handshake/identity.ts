import { ed25519 } from '@noble/curves/ed25519.js'
import { compareBytes, concat, utf8 } from '../bytes.ts'
import type { X25519 } from '../dh/x25519.ts'
import { UnsupportedKeyError } from '../errors.ts'
import { peerIdBytes, peerIdText } from '../peer-key.ts'
import type { KeyPair } from './handshake-state.ts'

/** Bumped with everything that both ends of a handshake must do alike. */
const PROLOGUE_LABEL = utf8('hearsay/signal/1.0.0')

/** Who we are in handshakes. */
export interface Identity {
  /** Text of the peer ID. */
  readonly peer: string
  readonly peerBytes: Uint8Array
  readonly publicKey: Uint8Array
  readonly staticKey: KeyPair
}

/**
 * The identity of an Ed25519 private key.
 *
 * @param privateKey its seed of 32 bytes (RFC 8032, section 5.1.5), or seed and public key in 64: then the public key,
 *   which takes tens of milliseconds in a new process, need not be computed
 * @throws {UnsupportedKeyError} it has another length, or its halves do not belong together
 */
export function createIdentity(privateKey: Uint8Array, x25519: X25519): Identity {
  const { length } = privateKey
  if (length !== 32 && length !== 64) {
    throw new UnsupportedKeyError(
      'the private key',
      `an Ed25519 key is a seed of 32 bytes, or 64 with its public key; this has ${length}`
    )
  }
  const seed = privateKey.subarray(0, 32)
  const publicKey = length === 64 ? privateKey.slice(32) : ed25519.getPublicKey(seed)
  const secretKey = ed25519.utils.toMontgomerySecret(seed)
  const staticKey = { secretKey, publicKey: x25519.publicKey(secretKey) }
  if (compareBytes(ed25519.utils.toMontgomery(publicKey), staticKey.publicKey) !== 0) {
    throw new UnsupportedKeyError('the private key', 'its two halves do not belong together')
  }
  return { peer: peerIdText(publicKey), peerBytes: peerIdBytes(publicKey), publicKey, staticKey }
}

/** Binds a handshake to the protocol and to the responder's whole peer ID: its X25519 form would fit two. */
export function prologueFor(responder: Uint8Array): Uint8Array {
  return concat(PROLOGUE_LABEL, responder)
}
