/** Text and integer encodings, as docs/specs/signaling.md names them. */

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export function base58(bytes: Uint8Array): string {
  let value = BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = BASE58.charAt(Number(value % 58n)) + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}

/** RFC 4648, lower case, no padding. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => BASE32.charAt(parseInt(group.padEnd(5, '0'), 2))).join('')
}

/** Fields of a protobuf message: numbers are varints, bytes are length-delimited; what is empty or 0 is left out. */
export type Fields = readonly (readonly [field: number, value: number | Uint8Array, always?: 'always'])[]

export function encodeFields(fields: Fields): Uint8Array {
  const bytes: number[] = []
  for (const [field, value, always] of fields) {
    if (typeof value === 'number') {
      if (value !== 0 || always !== undefined) bytes.push(...varint(field << 3), ...varint(value))
    } else if (value.length > 0 || always !== undefined) {
      bytes.push(...varint((field << 3) | 2), ...varint(value.length), ...value)
    }
  }
  return Uint8Array.from(bytes)
}

/** A decoded message: every value of each field, in order. */
export class Message {
  readonly #values = new Map<number, (number | Uint8Array)[]>()

  constructor(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length;) {
      const key = readVarint(bytes, at)
      const value = readVarint(bytes, key.end)
      at = value.end
      if ((key.value & 7) === 0) this.#add(key.value >>> 3, value.value)
      else if ((key.value & 7) === 2) {
        if (at + value.value > bytes.length) throw new Error('a field is cut short')
        this.#add(key.value >>> 3, bytes.slice(at, (at += value.value)))
      } else throw new Error('a wire type that no message of ours has')
    }
  }

  number(field: number): number {
    const value = this.#values.get(field)?.at(-1) ?? 0
    if (typeof value !== 'number') throw new Error(`field ${String(field)} is no number`)
    return value
  }

  bytes(field: number): Uint8Array {
    return this.all(field).at(-1) ?? new Uint8Array(0)
  }

  all(field: number): Uint8Array[] {
    return (this.#values.get(field) ?? []).map((value) => {
      if (typeof value === 'number') throw new Error(`field ${String(field)} is no byte string`)
      return value
    })
  }

  #add(field: number, value: number | Uint8Array): void {
    this.#values.set(field, [...(this.#values.get(field) ?? []), value])
  }
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0
  for (let at = start, scale = 1; at < Math.min(bytes.length, start + 7); at++, scale *= 0x80) {
    value += (bytes[at] & 0x7f) * scale
    if (bytes[at] < 0x80) return { value, end: at + 1 }
  }
  throw new Error('a number is cut short')
}
