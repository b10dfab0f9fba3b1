import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import type { X25519 } from '../dh/x25519.ts'

/** RFC 8410: what precedes the 32 bytes of an X25519 key in PKCS#8 and in SubjectPublicKeyInfo. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

function privateKey(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
}

function publicKeyObject(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' })
}

/** X25519 of Node's OpenSSL: an order of magnitude faster than JavaScript. */
export const x25519: X25519 = {
  publicKey: (secret) =>
    new Uint8Array(createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32)),
  sharedSecret: (secret, publicKey) =>
    new Uint8Array(diffieHellman({ privateKey: privateKey(secret), publicKey: publicKeyObject(publicKey) }))
}
