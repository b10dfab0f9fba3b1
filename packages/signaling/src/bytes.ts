/** Lexicographic order. Not in constant time: for public bytes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = a[index] - b[index]
    if (difference !== 0) {
      return difference
    }
  }
  return a.length - b.length
}

/** Whether two secrets are the same, in a time that depends on `b.length` alone. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < b.length; index++) {
    difference |= (a[index] ?? 0) ^ b[index]
  }
  return difference === 0
}

/** The parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Text that is the same for the same bytes: a key for maps. */
export function bytesKey(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
