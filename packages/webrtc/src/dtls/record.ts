import { DTLS_1_0, DTLS_1_2 } from './protocol.ts'

/** type 1, version 2, epoch 2, sequence number 6, length 2 (RFC 6347, section 4.1). */
export const RECORD_HEADER_LENGTH = 13

/** Largest plaintext of a record (RFC 5246, section 6.2.1). */
export const MAX_PLAINTEXT_LENGTH = 2 ** 14

/** Largest fragment of a protected record (RFC 5246, section 6.2.3). */
const MAX_CIPHERTEXT_LENGTH = MAX_PLAINTEXT_LENGTH + 2048

/** Sequence numbers have 48 bits and must not wrap (RFC 6347, section 4.1). */
export const MAX_SEQUENCE_NUMBER = 2 ** 48 - 1

/** A record as it stands in a datagram; `fragment` is plaintext in epoch 0 and protected later. */
export interface DtlsRecord {
  readonly type: number
  readonly version: number
  readonly epoch: number
  readonly sequenceNumber: number
  readonly fragment: Uint8Array
}

/** What stands in front of a fragment of `length` bytes; written to the beginning of `target`. */
export function writeRecordHeader(
  target: Uint8Array,
  header: Omit<DtlsRecord, 'fragment'>,
  length: number
): void {
  const { type, version, epoch, sequenceNumber } = header
  const high = Math.floor(sequenceNumber / 2 ** 32)
  target[0] = type
  target[1] = version >>> 8
  target[2] = version
  target[3] = epoch >>> 8
  target[4] = epoch
  target[5] = high >>> 8
  target[6] = high
  target[7] = sequenceNumber >>> 24
  target[8] = sequenceNumber >>> 16
  target[9] = sequenceNumber >>> 8
  target[10] = sequenceNumber
  target[11] = length >>> 8
  target[12] = length
}

/** Epoch and sequence number in a header: 64 bits that never repeat under one key. */
export function recordNumber(header: Uint8Array): Uint8Array {
  return header.subarray(3, 11)
}

/** One plaintext record. */
export function encodeRecord(record: DtlsRecord): Uint8Array {
  const encoded = new Uint8Array(RECORD_HEADER_LENGTH + record.fragment.length)
  writeRecordHeader(encoded, record, record.fragment.length)
  encoded.set(record.fragment, RECORD_HEADER_LENGTH)
  return encoded
}

/**
 * Splits a datagram into its records. Behind a record that is cut off, too long or of a foreign version
 * nothing can be trusted to be a header: the rest is left out, and `malformed` says so.
 */
export function decodeRecords(datagram: Uint8Array): { records: DtlsRecord[]; malformed: boolean } {
  const records: DtlsRecord[] = []
  for (let start = 0; start < datagram.length;) {
    const body = start + RECORD_HEADER_LENGTH
    if (body > datagram.length) return { records, malformed: true }
    const version = readUint16(datagram, start + 1)
    const epoch = readUint16(datagram, start + 3)
    const end = body + readUint16(datagram, start + 11)
    const isKnownVersion = version === DTLS_1_2 || (version === DTLS_1_0 && epoch === 0)
    if (!isKnownVersion || end > datagram.length || end - body > MAX_CIPHERTEXT_LENGTH) {
      return { records, malformed: true }
    }
    const sequenceNumber =
      readUint16(datagram, start + 5) * 2 ** 32 +
      readUint16(datagram, start + 7) * 2 ** 16 +
      readUint16(datagram, start + 9)
    // A plain array, whatever the datagram is: `slice()` of a Buffer would not copy.
    const fragment = new Uint8Array(datagram.buffer, datagram.byteOffset + body, end - body)
    records.push({ type: datagram[start], version, epoch, sequenceNumber, fragment })
    start = end
  }
  return { records, malformed: false }
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}
