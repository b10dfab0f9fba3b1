/** The bytes of a fingerprint in hex, separated by colons. */
export function fingerprintText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
