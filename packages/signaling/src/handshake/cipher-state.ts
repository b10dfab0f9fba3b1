import { chacha20poly1305 } from '@noble/ciphers/chacha.js'

/** Bytes that ChaCha20-Poly1305 adds to a plaintext. */
export const TAG_BYTES = 16

/** The nonce of ChaChaPoly in Noise: 32 zero bits, then the counter, little endian (Noise rev. 34, section 12.3). */
export function noiseNonce(counter: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter), true)
  return nonce
}

/** Seals with an explicit counter, which must never repeat under one key. */
export function seal(key: Uint8Array, counter: number, ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return chacha20poly1305(key, noiseNonce(counter), ad).encrypt(plaintext)
}

/** Opens what `seal()` made; undefined where it is not authentic. */
export function open(
  key: Uint8Array,
  counter: number,
  ad: Uint8Array,
  ciphertext: Uint8Array
): Uint8Array | undefined {
  if (ciphertext.length < TAG_BYTES) {
    return undefined
  }
  try {
    return chacha20poly1305(key, noiseNonce(counter), ad).decrypt(ciphertext)
  } catch {
    return undefined
  }
}

/** A key and a counter that rises by itself (Noise rev. 34, section 5.1). Without a key it passes bytes through. */
export class CipherState {
  readonly #key: Uint8Array | undefined
  #counter = 0

  constructor(key?: Uint8Array) {
    this.#key = key
  }

  get hasKey(): boolean {
    return this.#key !== undefined
  }

  clone(): CipherState {
    const copy = new CipherState(this.#key)
    copy.#counter = this.#counter
    return copy
  }

  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return this.#key === undefined ? plaintext : seal(this.#key, this.#counter++, ad, plaintext)
  }

  /** Undefined where the bytes are not authentic; the counter then stays. */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (this.#key === undefined) {
      return ciphertext
    }
    const plaintext = open(this.#key, this.#counter, ad, ciphertext)
    if (plaintext !== undefined) {
      this.#counter++
    }
    return plaintext
  }
}
