import { padded, readUint16, writeUint16 } from './bytes.ts'

/** Type-length-value parameters (RFC 9260 section 3.2.1), the body of INIT, INIT ACK, HEARTBEAT and RE-CONFIG. */
export interface Parameter {
  readonly type: number
  /** The value, a view into the packet. */
  readonly value: Uint8Array
  /** Header and value, a view into the packet. */
  readonly whole: Uint8Array
}

export const PARAMETER_HEADER_LENGTH = 4

/** The parameters in `bytes[start, end)`, or undefined where one's length is impossible. At most `limit` are read. */
export function readParameters(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number
): Parameter[] | undefined {
  const parameters: Parameter[] = []
  let offset = start
  while (offset + PARAMETER_HEADER_LENGTH <= end && parameters.length < limit) {
    const length = readUint16(bytes, offset + 2)
    if (length < PARAMETER_HEADER_LENGTH || offset + length > end) {
      return undefined
    }
    parameters.push({
      type: readUint16(bytes, offset),
      value: bytes.subarray(offset + PARAMETER_HEADER_LENGTH, offset + length),
      whole: bytes.subarray(offset, offset + length)
    })
    offset += padded(length)
  }
  return parameters
}

/** Type, length and value, without padding: {@link joinParameters} adds it where it is due. */
export function encodeParameter(type: number, value: Uint8Array): Uint8Array {
  const length = PARAMETER_HEADER_LENGTH + value.length
  const bytes = new Uint8Array(length)
  writeUint16(bytes, 0, type)
  writeUint16(bytes, 2, length)
  bytes.set(value, PARAMETER_HEADER_LENGTH)
  return bytes
}

/** `parts` one after another, all but the last padded to a multiple of four (RFC 9260 section 3.2). */
export function joinParameters(parts: readonly Uint8Array[]): Uint8Array {
  let end = 0
  for (const part of parts) {
    end = padded(end) + part.length
  }
  const bytes = new Uint8Array(end)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset = padded(offset + part.length)
  }
  return bytes
}
