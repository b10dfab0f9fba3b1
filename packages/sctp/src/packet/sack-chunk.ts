import { readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, writeChunkHeader } from './chunk.ts'

/**
 * SACK (RFC 9260 section 3.3.4). It is read in place, block by block: one comes with every few packets.
 */
export const SACK_HEADER_LENGTH = CHUNK_HEADER_LENGTH + 12
const BLOCK_LENGTH = 4
const DUPLICATE_LENGTH = 4

export class SackReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  cumulativeTsn = 0
  advertisedWindow = 0
  gapBlocks = 0
  duplicates = 0

  /** Points to the chunk at `[start, end)`; false where it is malformed. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < SACK_HEADER_LENGTH) {
      return false
    }
    this.#bytes = bytes
    this.#start = start
    this.cumulativeTsn = readUint32(bytes, start + 4)
    this.advertisedWindow = readUint32(bytes, start + 8)
    this.gapBlocks = readUint16(bytes, start + 12)
    this.duplicates = readUint16(bytes, start + 14)
    const length = SACK_HEADER_LENGTH + BLOCK_LENGTH * this.gapBlocks + DUPLICATE_LENGTH * this.duplicates
    return length <= end - start
  }

  /** What a SHUTDOWN acknowledges: it says nothing of gaps or of the window. */
  setCumulative(cumulativeTsn: number, window: number): void {
    this.cumulativeTsn = cumulativeTsn
    this.advertisedWindow = window
    this.gapBlocks = 0
    this.duplicates = 0
  }

  /** First TSN of a gap block, relative to the cumulative TSN. */
  blockStart(index: number): number {
    return readUint16(this.#bytes, this.#start + SACK_HEADER_LENGTH + BLOCK_LENGTH * index)
  }

  /** Last TSN of a gap block, relative to the cumulative TSN. */
  blockEnd(index: number): number {
    return readUint16(this.#bytes, this.#start + SACK_HEADER_LENGTH + BLOCK_LENGTH * index + 2)
  }

  duplicate(index: number): number {
    const duplicates = this.#start + SACK_HEADER_LENGTH + BLOCK_LENGTH * this.gapBlocks
    return readUint32(this.#bytes, duplicates + DUPLICATE_LENGTH * index)
  }
}

/** What the receiving side has to say. Block bounds are relative to the cumulative TSN. */
export interface SackContent {
  cumulativeTsn: number
  advertisedWindow: number
  blockCount: number
  blockStart(index: number): number
  blockEnd(index: number): number
  duplicates: readonly number[]
}

/** Writes as many of the blocks, then of the duplicates, as end before `limit`; gives the offset behind. */
export function writeSackChunk(
  bytes: Uint8Array,
  offset: number,
  limit: number,
  content: SackContent
): number {
  const room = Math.floor((limit - offset - SACK_HEADER_LENGTH) / BLOCK_LENGTH)
  const blocks = Math.min(content.blockCount, room)
  const duplicates = Math.min(content.duplicates.length, room - blocks)
  const length = SACK_HEADER_LENGTH + BLOCK_LENGTH * blocks + DUPLICATE_LENGTH * duplicates
  writeChunkHeader(bytes, offset, ChunkType.sack, 0, length)
  writeUint32(bytes, offset + 4, content.cumulativeTsn)
  writeUint32(bytes, offset + 8, content.advertisedWindow)
  writeUint16(bytes, offset + 12, blocks)
  writeUint16(bytes, offset + 14, duplicates)
  let position = offset + SACK_HEADER_LENGTH
  for (let index = 0; index < blocks; index++, position += BLOCK_LENGTH) {
    writeUint16(bytes, position, content.blockStart(index))
    writeUint16(bytes, position + 2, content.blockEnd(index))
  }
  for (let index = 0; index < duplicates; index++, position += DUPLICATE_LENGTH) {
    writeUint32(bytes, position, content.duplicates[index])
  }
  return offset + length
}
