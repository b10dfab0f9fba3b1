import { compareBytes } from '../bytes.ts'

/** Eight bytes of start time (ms, big endian), eight random bytes. */
export const INSTANCE_BYTES = 16

/** Names one process start. The time orders the starts of one identity only, by that identity's own clock. */
export function createInstance(startTimeMs: number, random: Uint8Array): Uint8Array {
  const instance = new Uint8Array(INSTANCE_BYTES)
  new DataView(instance.buffer).setBigUint64(0, BigInt(Math.floor(startTimeMs)))
  instance.set(random.subarray(0, 8), 8)
  return instance
}

/** Positive where `a` started later. Random bytes decide between starts in the same millisecond. */
export function compareInstances(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, b)
}
