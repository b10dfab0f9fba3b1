import { sha256 } from '@noble/hashes/sha2.js'
import { toString } from 'uint8arrays/to-string'

/** Bytes of a fingerprint: nobody finds a second record with that of another's, and a table's take little room. */
export const FINGERPRINT_BYTES = 8

/** What a record goes by between neighbours: the first bytes of its SHA-256, in hexadecimal. */
export function fingerprintOf(bytes: Uint8Array): string {
  return toString(sha256(bytes).subarray(0, FINGERPRINT_BYTES), 'hex')
}

/** Fingerprints one after another, as they travel. */
export function packFingerprints(fingerprints: Iterable<string>): Uint8Array {
  const all = [...fingerprints]
  const bytes = new Uint8Array(all.length * FINGERPRINT_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, fingerprint] of all.entries()) {
    view.setUint32(index * FINGERPRINT_BYTES, highOf(fingerprint))
    view.setUint32(index * FINGERPRINT_BYTES + 4, lowOf(fingerprint))
  }
  return bytes
}

/** The other way; `undefined` where the length is not that of whole fingerprints. */
export function unpackFingerprints(bytes: Uint8Array): string[] | undefined {
  if (bytes.length % FINGERPRINT_BYTES !== 0) return undefined
  const hex = toString(bytes, 'hex')
  return Array.from({ length: bytes.length / FINGERPRINT_BYTES }, (_, index) =>
    hex.slice(index * 2 * FINGERPRINT_BYTES, (index + 1) * 2 * FINGERPRINT_BYTES)
  )
}

/** The upper 32 bits, unsigned. */
export function highOf(fingerprint: string): number {
  return Number.parseInt(fingerprint.slice(0, 8), 16)
}

/** The lower 32 bits, unsigned. */
export function lowOf(fingerprint: string): number {
  return Number.parseInt(fingerprint.slice(8), 16)
}

/** The exclusive or of a set of fingerprints: equal sets have equal ones, whatever the order. */
export class SetDigest {
  #high = 0
  #low = 0

  /** Adds what is not in the set, removes what is. */
  toggle(fingerprint: string): void {
    this.#high = (this.#high ^ highOf(fingerprint)) >>> 0
    this.#low = (this.#low ^ lowOf(fingerprint)) >>> 0
  }

  /** In hexadecimal, as fingerprints are. */
  toString(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0')
  }
}
