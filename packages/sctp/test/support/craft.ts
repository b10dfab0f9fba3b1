import { readUint16, readUint32, writeUint16 } from '../../src/packet/bytes.ts'
import { nextChunkOffset, readChunkAt } from '../../src/packet/chunk.ts'
import { COMMON_HEADER_LENGTH, writeCommonHeader } from '../../src/packet/common-header.ts'
import { writeSackChunk } from '../../src/packet/sack-chunk.ts'
import { writeDataChunk } from '../../src/packet/data-chunk.ts'
import type { Link } from './link.ts'

/** A packet with a right checksum around chunks. */
export function packetOf(verificationTag: number, ...chunks: Uint8Array[]): Uint8Array {
  const length = chunks.reduce((sum, chunk) => sum + ((chunk.length + 3) & ~3), COMMON_HEADER_LENGTH)
  const bytes = new Uint8Array(length)
  let offset = COMMON_HEADER_LENGTH
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += (chunk.length + 3) & ~3
  }
  writeCommonHeader(bytes, length, { sourcePort: 5000, destinationPort: 5000, verificationTag }, false)
  return bytes
}

/** The checksum of a packet that was changed, made right again. */
export function resealed(packet: Uint8Array): Uint8Array {
  const copy = packet.slice()
  writeCommonHeader(
    copy,
    copy.length,
    {
      sourcePort: readUint16(copy, 0),
      destinationPort: readUint16(copy, 2),
      verificationTag: readUint32(copy, 4)
    },
    false
  )
  return copy
}

export function tagOf(packet: Uint8Array): number {
  return readUint32(packet, 4)
}

/** The chunks of a packet, each with its header. */
export function chunksOf(packet: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  const chunk = { start: 0, end: 0 }
  for (
    let offset = COMMON_HEADER_LENGTH;
    readChunkAt(packet, offset, chunk);
    offset = nextChunkOffset(chunk)
  ) {
    chunks.push(packet.slice(chunk.start, chunk.end))
  }
  return chunks
}

export function typesOf(packet: Uint8Array): number[] {
  return chunksOf(packet).map((chunk) => chunk[0])
}

export function dataChunk(
  tsn: number,
  init: { streamId?: number; ssn?: number; flags?: number; data?: Uint8Array } = {}
): Uint8Array {
  const data = init.data ?? new Uint8Array(4)
  const bytes = new Uint8Array(16 + ((data.length + 3) & ~3))
  writeDataChunk(bytes, 0, init.flags ?? 3, tsn, init.streamId ?? 0, init.ssn ?? 0, 51, data, 0, data.length)
  writeUint16(bytes, 2, 16 + data.length)
  return bytes
}

export function sackChunk(
  cumulativeTsn: number,
  advertisedWindow: number,
  blocks: readonly (readonly [number, number])[] = [],
  duplicates: readonly number[] = []
): Uint8Array {
  const bytes = new Uint8Array(16 + 4 * (blocks.length + duplicates.length))
  writeSackChunk(bytes, 0, bytes.length, {
    cumulativeTsn,
    advertisedWindow,
    blockCount: blocks.length,
    blockStart: (index) => blocks[index][0],
    blockEnd: (index) => blocks[index][1],
    duplicates
  })
  return bytes
}

/** Records every packet that is sent into a link. */
export function record(link: Link): Uint8Array[] {
  const packets: Uint8Array[] = []
  const before = link.filter
  link.filter = (packet, now) => {
    packets.push(packet.slice())
    return before(packet, now)
  }
  return packets
}
