import { concatBytes, uintBytes } from './byte-writer.ts'

/** The few types of DER (X.690) that a certificate is made of. Each returns a whole TLV. */

export function derSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, concatBytes(...parts))
}

export function derSet(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x31, concatBytes(...parts))
}

/** @param magnitude big-endian, positive, without a leading zero byte */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  const isHigh = (magnitude[0] ?? 0) >= 0x80
  return tlv(0x02, isHigh ? concatBytes(Uint8Array.of(0), magnitude) : magnitude)
}

/** A string of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return tlv(0x03, concatBytes(Uint8Array.of(0), bytes))
}

export function derUtf8String(text: string): Uint8Array {
  return tlv(0x0c, new TextEncoder().encode(text))
}

/** @param dotted such as `1.2.840.10045.2.1` */
export function derObjectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return tlv(0x06, Uint8Array.from(bytes))
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5); whole seconds. */
export function derTime(time: Date): Uint8Array {
  const digits = time.toISOString().replace(/\.\d+|[-:T]/g, '')
  const isGeneralized = time.getUTCFullYear() >= 2050
  return tlv(isGeneralized ? 0x18 : 0x17, new TextEncoder().encode(isGeneralized ? digits : digits.slice(2)))
}

/** Context-specific, constructed tag `number`. */
export function derExplicit(number: number, content: Uint8Array): Uint8Array {
  return tlv(0xa0 + number, content)
}

function tlv(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  if (length < 0x80) return concatBytes(Uint8Array.of(tag, length), content)
  const size = length < 0x100 ? 1 : 2
  return concatBytes(Uint8Array.of(tag, 0x80 + size), uintBytes(length, size), content)
}
