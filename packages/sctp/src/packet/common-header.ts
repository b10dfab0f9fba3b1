import { packetChecksum } from '../crc32c.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from './bytes.ts'

/** SCTP common header (RFC 9260 section 3.1): ports, verification tag, checksum. */
export const COMMON_HEADER_LENGTH = 12

export interface CommonHeader {
  sourcePort: number
  destinationPort: number
  verificationTag: number
}

/** Reads the header into `header`; `bytes` holds at least {@link COMMON_HEADER_LENGTH} bytes. */
export function readCommonHeader(bytes: Uint8Array, header: CommonHeader): void {
  header.sourcePort = readUint16(bytes, 0)
  header.destinationPort = readUint16(bytes, 2)
  header.verificationTag = readUint32(bytes, 4)
}

/**
 * Whether the checksum is right, or zero where `zeroAcceptable` (RFC 9653 section 5.3: a lower layer that detects
 * errors was announced to the peer).
 */
export function checksumIsGood(bytes: Uint8Array, zeroAcceptable: boolean): boolean {
  const sent = (bytes[8] | (bytes[9] << 8) | (bytes[10] << 16) | (bytes[11] << 24)) >>> 0
  return (sent === 0 && zeroAcceptable) || sent === packetChecksum(bytes, bytes.length)
}

/** Writes the header of a packet whose chunks are in `bytes[12, length)`; `zeroChecksum` leaves the checksum 0. */
export function writeCommonHeader(
  bytes: Uint8Array,
  length: number,
  header: CommonHeader,
  zeroChecksum: boolean
): void {
  writeUint16(bytes, 0, header.sourcePort)
  writeUint16(bytes, 2, header.destinationPort)
  writeUint32(bytes, 4, header.verificationTag)
  const checksum = zeroChecksum ? 0 : packetChecksum(bytes, length)
  // The CRC travels with its least significant byte first (RFC 9260 appendix A).
  bytes[8] = checksum
  bytes[9] = checksum >>> 8
  bytes[10] = checksum >>> 16
  bytes[11] = checksum >>> 24
}
