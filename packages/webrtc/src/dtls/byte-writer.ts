/** Joins byte strings into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** A big-endian unsigned integer of `size` bytes (up to 6). */
export function uintBytes(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = value % 256
    value = Math.floor(value / 256)
  }
  return bytes
}

/** A vector: the bytes behind their length in `prefixSize` bytes (RFC 5246, section 4.3). */
export function vectorBytes(prefixSize: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts)
  return concatBytes(uintBytes(content.length, prefixSize), content)
}

/** A vector of unsigned integers of `itemSize` bytes each. */
export function uintsVector(prefixSize: number, itemSize: number, values: readonly number[]): Uint8Array {
  return vectorBytes(prefixSize, ...values.map((value) => uintBytes(value, itemSize)))
}
