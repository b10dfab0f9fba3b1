import { x25519 as noble } from '@noble/curves/ed25519.js'
import type { X25519 } from './x25519.ts'

/** X25519 in JavaScript: what pages use (WebCrypto's is asynchronous). About 1.7 ms an operation. */
export const x25519: X25519 = {
  publicKey: (secret) => noble.getPublicKey(secret),
  sharedSecret: (secret, publicKey) => noble.getSharedSecret(secret, publicKey)
}
