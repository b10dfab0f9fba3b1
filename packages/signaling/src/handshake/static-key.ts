import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesKey, compareBytes } from '../bytes.ts'

/**
 * The X25519 form of an Ed25519 public key, or why there is none. Three kinds of Ed25519 keys have one that somebody
 * else could also answer for, or nobody: encodings that are not canonical (RFC 8032, section 5.1.3, which leaves one
 * key with many peer IDs), points with a small-order part (the same DH under a clamped secret as the key without it)
 * and the identity.
 */
export function montgomeryOf(ed25519PublicKey: Uint8Array): { staticKey: Uint8Array } | { refused: string } {
  let point: InstanceType<typeof ed25519.Point>
  try {
    point = ed25519.Point.fromBytes(ed25519PublicKey, false)
  } catch {
    return { refused: 'its key is not the canonical encoding of a point' }
  }
  if (compareBytes(point.toBytes(), ed25519PublicKey) !== 0) {
    return { refused: 'its key is not the canonical encoding of a point' }
  }
  if (point.is0()) {
    return { refused: 'its key is the identity' }
  }
  if (!point.isTorsionFree()) {
    return { refused: 'its key has a small-order part' }
  }
  return { staticKey: ed25519.utils.toMontgomery(ed25519PublicKey) }
}

/**
 * Checks of public keys, remembered: telling whether a point is torsion-free takes a scalar multiplication. Bounded;
 * the least recently used are forgotten.
 */
export class StaticKeys {
  readonly #capacity: number
  readonly #known = new Map<string, { staticKey: Uint8Array } | { refused: string }>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  of(ed25519PublicKey: Uint8Array): { staticKey: Uint8Array } | { refused: string } {
    const name = bytesKey(ed25519PublicKey)
    const result = this.#known.get(name) ?? montgomeryOf(ed25519PublicKey)
    this.#known.delete(name)
    this.#known.set(name, result)
    if (this.#known.size > this.#capacity) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest)
    }
    return result
  }
}
