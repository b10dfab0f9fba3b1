const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Length of `text` in UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length
}

/** Cuts `text` to at most `maxBytes` of UTF-8, never inside a character. */
export function truncateUtf8(text: string, maxBytes: number): string {
  const bytes = encoder.encode(text)
  if (bytes.length <= maxBytes) return bytes.length === text.length ? text : decoder.decode(bytes)
  let end = maxBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return decoder.decode(bytes.subarray(0, end))
}
