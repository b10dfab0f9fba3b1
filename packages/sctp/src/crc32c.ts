/**
 * CRC32c (Castagnoli, RFC 9260 appendix A), eight bytes a step. The tables (8 KiB) are made once and shared by all
 * associations.
 */

const POLYNOMIAL = 0x82f63b78
const TABLES = makeTables()

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    }
    tables[byte] = crc
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let slice = 1; slice < 8; slice++) {
      const before = tables[(slice - 1) * 256 + byte]
      tables[slice * 256 + byte] = (before >>> 8) ^ tables[before & 0xff]
    }
  }
  return tables
}

function update(crc: number, bytes: Uint8Array, start: number, end: number): number {
  const t = TABLES
  let i = start
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    crc =
      t[1792 + (crc & 0xff)] ^
      t[1536 + ((crc >>> 8) & 0xff)] ^
      t[1280 + ((crc >>> 16) & 0xff)] ^
      t[1024 + (crc >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]]
  }
  for (; i < end; i++) {
    crc = t[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  }
  return crc
}

/** CRC32c of `bytes`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  return ~update(-1, bytes, 0, bytes.length) >>> 0
}

const ZERO_CHECKSUM = new Uint8Array(4)

/** CRC32c of the SCTP packet in `bytes[0, length)`, its checksum field counted as zero; `bytes` stays untouched. */
export function packetChecksum(bytes: Uint8Array, length: number): number {
  let crc = update(-1, bytes, 0, 8)
  crc = update(crc, ZERO_CHECKSUM, 0, 4)
  return ~update(crc, bytes, 12, length) >>> 0
}
