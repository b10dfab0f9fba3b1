import { padded, readUint16, writePadding, writeUint16 } from './bytes.ts'

/** Chunk types (RFC 9260 section 3.2; RFC 3758; RFC 4820; RFC 6525). */
export const ChunkType = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
  reConfig: 130,
  pad: 132,
  forwardTsn: 192
} as const

export const CHUNK_HEADER_LENGTH = 4

/** ABORT, SHUTDOWN COMPLETE: the verification tag is the receiver's view of the sender's, reflected. */
export const TAG_REFLECTED = 1

/** A chunk inside a packet: `bytes[start, end)` with header, without padding. */
export interface ChunkPosition {
  start: number
  end: number
}

/**
 * Moves `chunk` to the chunk that begins at `offset`; false where there is none or its length is impossible (what
 * follows cannot be found then either).
 */
export function readChunkAt(bytes: Uint8Array, offset: number, chunk: ChunkPosition): boolean {
  if (offset + CHUNK_HEADER_LENGTH > bytes.length) {
    return false
  }
  const length = readUint16(bytes, offset + 2)
  if (length < CHUNK_HEADER_LENGTH || offset + length > bytes.length) {
    return false
  }
  chunk.start = offset
  chunk.end = offset + length
  return true
}

/** Where the chunk after `chunk` begins. */
export function nextChunkOffset(chunk: ChunkPosition): number {
  return chunk.start + padded(chunk.end - chunk.start)
}

/** Writes the four header bytes. `length` counts the header, not the padding. */
export function writeChunkHeader(
  bytes: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  length: number
): void {
  bytes[offset] = type
  bytes[offset + 1] = flags
  writeUint16(bytes, offset + 2, length)
}

/** A chunk as bytes of its own, padding included. */
export function encodeChunk(type: number, flags: number, value: Uint8Array): Uint8Array {
  const length = CHUNK_HEADER_LENGTH + value.length
  const bytes = new Uint8Array(padded(length))
  writeChunkHeader(bytes, 0, type, flags, length)
  bytes.set(value, CHUNK_HEADER_LENGTH)
  writePadding(bytes, 0, length)
  return bytes
}

/** What an unknown chunk or parameter type asks for in its two highest bits (RFC 9260 sections 3.2 and 3.2.1). */
export function unrecognizedAction(highestBits: number): { skip: boolean; report: boolean } {
  return { skip: (highestBits & 2) !== 0, report: (highestBits & 1) !== 0 }
}
