import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../bytes.ts'
import { CipherState } from './cipher-state.ts'

const EMPTY = new Uint8Array(0)

/** The hash and the chaining key of a Noise handshake over SHA-256 (Noise rev. 34, section 5.2). */
export class SymmetricState {
  #hash: Uint8Array
  #chainingKey: Uint8Array
  #cipher = new CipherState()

  constructor(protocolName: string, from?: SymmetricState) {
    if (from !== undefined) {
      this.#hash = from.#hash
      this.#chainingKey = from.#chainingKey
      this.#cipher = from.#cipher.clone()
      return
    }
    const name = utf8(protocolName)
    if (name.length <= 32) {
      this.#hash = new Uint8Array(32)
      this.#hash.set(name)
    } else {
      this.#hash = sha256(name)
    }
    this.#chainingKey = this.#hash
  }

  clone(): SymmetricState {
    return new SymmetricState('', this)
  }

  /** Everything both sides have seen so far. */
  get hash(): Uint8Array {
    return this.#hash
  }

  get hasKey(): boolean {
    return this.#cipher.hasKey
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256.create().update(this.#hash).update(data).digest()
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = this.#expand(input, EMPTY)
    this.#chainingKey = chainingKey
    this.#cipher = new CipherState(key)
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#hash, plaintext)
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** Undefined where the bytes are not authentic. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher.decryptWithAd(this.#hash, ciphertext)
    if (plaintext !== undefined) {
      this.mixHash(ciphertext)
    }
    return plaintext
  }

  /** The two transport keys: the first for what the initiator sends. */
  split(): [Uint8Array, Uint8Array] {
    return this.#expand(EMPTY, EMPTY)
  }

  /** A key for another purpose than transport: unlike the handshake hash it is secret. */
  exportKey(label: string): Uint8Array {
    return hkdf(sha256, this.#chainingKey, this.#hash, utf8(label), 32)
  }

  /** Noise's HKDF with two outputs: RFC 5869 with the chaining key as salt. */
  #expand(input: Uint8Array, info: Uint8Array): [Uint8Array, Uint8Array] {
    const output = hkdf(sha256, input, this.#chainingKey, info, 64)
    return [output.slice(0, 32), output.slice(32)]
  }
}
