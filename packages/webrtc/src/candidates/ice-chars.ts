const ICE_CHARS = /^[A-Za-z\d+/]*$/

/** True where the text is `min` to `max` characters of RFC 8839's `ice-char`: letters, digits, `+` and `/`. */
export function isIceChars(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max && ICE_CHARS.test(text)
}
