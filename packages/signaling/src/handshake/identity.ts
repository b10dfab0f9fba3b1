import { ed25519 } from '@noble/curves/ed25519.js'
import { concat, utf8 } from '../bytes.ts'
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
 * @param seed its 32 bytes (RFC 8032, section 5.1.5)
 * @throws {UnsupportedKeyError} it has another length
 */
export function createIdentity(seed: Uint8Array, x25519: X25519): Identity {
  if (seed.length !== 32) {
    throw new UnsupportedKeyError('the private key', `an Ed25519 seed has 32 bytes, this has ${seed.length}`)
  }
  const publicKey = ed25519.getPublicKey(seed)
  const secretKey = ed25519.utils.toMontgomerySecret(seed)
  return {
    peer: peerIdText(publicKey),
    peerBytes: peerIdBytes(publicKey),
    publicKey,
    staticKey: { secretKey, publicKey: x25519.publicKey(secretKey) }
  }
}

/** Binds a handshake to the protocol and to the responder's whole peer ID: its X25519 form would fit two. */
export function prologueFor(responder: Uint8Array): Uint8Array {
  return concat(PROLOGUE_LABEL, responder)
}
