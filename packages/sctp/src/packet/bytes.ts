/** Big-endian access without a `DataView`, which would be one allocation a packet. Bounds are the caller's. */

export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1]
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3]) >>> 0
  )
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}

/** `length` rounded up to a multiple of four. */
export function padded(length: number): number {
  return (length + 3) & ~3
}

/** Zeroes the padding after a chunk or parameter of `length` bytes at `start`; gives the offset behind it. */
export function writePadding(bytes: Uint8Array, start: number, length: number): number {
  const end = start + padded(length)
  for (let i = start + length; i < end; i++) {
    bytes[i] = 0
  }
  return end
}

/** The same bytes as a plain `Uint8Array`: `slice()` of Node's `Buffer` does not copy, and everything here relies on it. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) {
    return bytes
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * A copy of `bytes[start, end)` that fills its `ArrayBuffer`. `slice()` would give a small one memory in the heap of the
 * script engine, which has to be moved out of there as soon as anybody asks for the buffer.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const { buffer, byteOffset } = bytes
  return new Uint8Array(buffer.slice(byteOffset + start, byteOffset + end))
}
