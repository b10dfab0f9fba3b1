import { createHmac } from 'node:crypto'

/**
 * The pseudorandom function of TLS 1.2, P_SHA256 (RFC 5246, section 5). All cipher suites spoken here use
 * SHA-256.
 *
 * @param label ASCII
 * @param length of the result, in bytes
 */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const hmac = (...parts: readonly Uint8Array[]): Uint8Array => {
    const mac = createHmac('sha256', secret)
    for (const part of parts) mac.update(part)
    return mac.digest()
  }
  const labelBytes = new TextEncoder().encode(label)
  const result = new Uint8Array(length)
  let a = hmac(labelBytes, seed)
  for (let offset = 0; offset < length;) {
    const block = hmac(a, labelBytes, seed).subarray(0, length - offset)
    result.set(block, offset)
    offset += block.length
    a = hmac(a)
  }
  return result
}
