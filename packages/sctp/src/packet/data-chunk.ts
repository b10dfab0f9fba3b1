import { writePadding, writeUint16, writeUint32 } from './bytes.ts'
import { ChunkType, writeChunkHeader } from './chunk.ts'

/** DATA (RFC 9260 section 3.3.1). */
export const DATA_HEADER_LENGTH = 16

export const DataFlag = {
  /** E: the last fragment of a message. */
  ending: 1,
  /** B: the first fragment of a message. */
  beginning: 2,
  /** U: delivered without regard to order. */
  unordered: 4,
  /** I: the receiver should not delay its SACK. */
  immediate: 8
} as const

/** Writes the chunk with `data[from, from + length)` as its user data; gives the offset behind its padding. */
export function writeDataChunk(
  bytes: Uint8Array,
  offset: number,
  flags: number,
  tsn: number,
  streamId: number,
  ssn: number,
  ppid: number,
  data: Uint8Array,
  from: number,
  length: number
): number {
  writeChunkHeader(bytes, offset, ChunkType.data, flags, DATA_HEADER_LENGTH + length)
  writeUint32(bytes, offset + 4, tsn)
  writeUint16(bytes, offset + 8, streamId)
  writeUint16(bytes, offset + 10, ssn)
  writeUint32(bytes, offset + 12, ppid)
  const whole = from === 0 && length === data.length
  bytes.set(whole ? data : data.subarray(from, from + length), offset + DATA_HEADER_LENGTH)
  return writePadding(bytes, offset, DATA_HEADER_LENGTH + length)
}
