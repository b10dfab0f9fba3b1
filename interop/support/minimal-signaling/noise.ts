/** Noise_IK_25519_ChaChaPoly_SHA256 (Noise revision 34). */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { dh, x25519Public } from './curve25519.ts'
import { hkdf, sha256 } from './rooms.ts'

const NAME = Buffer.from('Noise_IK_25519_ChaChaPoly_SHA256')
const TAG_BYTES = 16
const EMPTY = new Uint8Array(0)

export function seal(key: Uint8Array, counter: number, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce(counter), { authTagLength: TAG_BYTES })
  cipher.setAAD(ad, { plaintextLength: plaintext.length })
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
}

/** Throws where the bytes are not authentic. */
export function open(key: Uint8Array, counter: number, ad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const plaintextLength = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce(counter), { authTagLength: TAG_BYTES })
  decipher.setAAD(ad, { plaintextLength })
  decipher.setAuthTag(sealed.subarray(plaintextLength))
  return Uint8Array.from(
    Buffer.concat([decipher.update(sealed.subarray(0, plaintextLength)), decipher.final()])
  )
}

function nonce(counter: number): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes.writeBigUInt64LE(BigInt(counter), 4)
  return bytes
}

/** Both sides of the handshake go through the same steps; each knows other secrets. */
export class MinimalNoise {
  hash: Uint8Array
  chainingKey: Uint8Array
  #key: Uint8Array | undefined
  #counter = 0

  constructor(prologue: Uint8Array, responderStatic: Uint8Array) {
    this.hash = Uint8Array.from(NAME)
    this.chainingKey = this.hash
    this.mixHash(prologue)
    this.mixHash(responderStatic)
  }

  mixHash(data: Uint8Array): void {
    this.hash = sha256(this.hash, data)
  }

  mixDh(secret: Uint8Array, publicKey: Uint8Array): void {
    const output = hkdf(dh(secret, publicKey), this.chainingKey, '', 64)
    this.chainingKey = output.slice(0, 32)
    this.#key = output.slice(32)
    this.#counter = 0
  }

  encrypt(plaintext: Uint8Array): Uint8Array {
    const sealed = seal(this.#keyNow(), this.#counter++, this.hash, plaintext)
    this.mixHash(sealed)
    return sealed
  }

  decrypt(sealed: Uint8Array): Uint8Array {
    const plaintext = open(this.#keyNow(), this.#counter++, this.hash, sealed)
    this.mixHash(sealed)
    return plaintext
  }

  /** Writes an ephemeral key; gives its public half. */
  writeEphemeral(secret: Uint8Array): Uint8Array {
    const publicKey = x25519Public(secret)
    this.mixHash(publicKey)
    return publicKey
  }

  split(): { initiatorKey: Uint8Array; responderKey: Uint8Array; helloKey: Uint8Array; hash: Uint8Array } {
    const output = hkdf(EMPTY, this.chainingKey, '', 64)
    return {
      initiatorKey: output.slice(0, 32),
      responderKey: output.slice(32),
      helloKey: hkdf(this.chainingKey, this.hash, 'hearsay/hello/1'),
      hash: this.hash
    }
  }

  #keyNow(): Uint8Array {
    if (this.#key === undefined) throw new Error('nothing is encrypted before a DH')
    return this.#key
  }
}
