import { readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, writeChunkHeader } from './chunk.ts'

/** The last message of an ordered stream that a FORWARD-TSN skips (RFC 3758 section 3.2). */
export interface SkippedStream {
  streamId: number
  ssn: number
}

export interface ForwardTsnChunk {
  newCumulativeTsn: number
  skipped: SkippedStream[]
}

export const FORWARD_TSN_HEADER_LENGTH = CHUNK_HEADER_LENGTH + 4
export const SKIPPED_STREAM_LENGTH = 4

export function readForwardTsnChunk(
  bytes: Uint8Array,
  start: number,
  end: number
): ForwardTsnChunk | undefined {
  if (end - start < FORWARD_TSN_HEADER_LENGTH) {
    return undefined
  }
  const skipped: SkippedStream[] = []
  for (
    let offset = start + FORWARD_TSN_HEADER_LENGTH;
    offset + SKIPPED_STREAM_LENGTH <= end;
    offset += SKIPPED_STREAM_LENGTH
  ) {
    skipped.push({ streamId: readUint16(bytes, offset), ssn: readUint16(bytes, offset + 2) })
  }
  return { newCumulativeTsn: readUint32(bytes, start + 4), skipped }
}

/** Gives the offset behind the chunk. */
export function writeForwardTsnChunk(bytes: Uint8Array, offset: number, chunk: ForwardTsnChunk): number {
  const length = FORWARD_TSN_HEADER_LENGTH + SKIPPED_STREAM_LENGTH * chunk.skipped.length
  writeChunkHeader(bytes, offset, ChunkType.forwardTsn, 0, length)
  writeUint32(bytes, offset + 4, chunk.newCumulativeTsn)
  let position = offset + FORWARD_TSN_HEADER_LENGTH
  for (const { streamId, ssn } of chunk.skipped) {
    writeUint16(bytes, position, streamId)
    writeUint16(bytes, position + 2, ssn)
    position += SKIPPED_STREAM_LENGTH
  }
  return position
}
