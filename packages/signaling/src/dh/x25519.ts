/** X25519 (RFC 7748), injected so that Node's own implementation serves where there is one. */
export interface X25519 {
  /** The public key of a 32-byte secret (clamped on use). */
  publicKey(secret: Uint8Array): Uint8Array

  /** The shared secret. Where it would be all zero, this throws or returns zeros: the handshake refuses both. */
  sharedSecret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
}
