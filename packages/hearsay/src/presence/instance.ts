/** Bytes of an instance: 8 of start time (ms, big endian), 8 random. */
export const INSTANCE_BYTES = 16

/**
 * Orders two instances of one peer: by start time on its own clock, then by the random bytes. Negative where `a` is
 * the older one.
 */
export function compareInstances(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < INSTANCE_BYTES; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

export function sameInstance(a: Uint8Array, b: Uint8Array): boolean {
  return compareInstances(a, b) === 0
}
