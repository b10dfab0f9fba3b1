import { Frame as Codec } from './pb/exchange.js'
import { FINGERPRINT_BYTES, packFingerprints, unpackFingerprints } from './fingerprint.ts'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

/** What a neighbour's table comes to, and what is new in it since it last said so here. */
export interface DigestFrame {
  readonly type: 'digest'
  /** Exclusive or of the fingerprints of all records, in hexadecimal. */
  readonly records: string
  /** The same over what the records say, renewals aside. */
  readonly members: string
  readonly count: number
  /** Fingerprints of records. */
  readonly news: readonly string[]
}

/** The records' exclusive or for each part of the table; a power of two of parts, by the first bits of fingerprints. */
export interface CompareFrame {
  readonly type: 'compare'
  readonly parts: readonly string[]
}

/** All fingerprints of those parts of the table that differ. */
export interface ListFrame {
  readonly type: 'list'
  /** One bit a part, the first in the lowest bit of the first byte. */
  readonly parts: Uint8Array
  readonly fingerprints: readonly string[]
}

export interface WantFrame {
  readonly type: 'want'
  readonly fingerprints: readonly string[]
}

export interface HeldRecord {
  readonly sealed: Uint8Array
  readonly remainingMs: number
}

export interface RecordsFrame {
  readonly type: 'records'
  readonly held: readonly HeldRecord[]
  readonly absent: readonly string[]
}

export type ExchangeFrame = DigestFrame | CompareFrame | ListFrame | WantFrame | RecordsFrame

/** No frame is longer: the longest part of a table, and the longest batch of records with one more, fit. */
export const MAX_FRAME_BYTES = 64 * 1024

/** Fingerprints in one digest or list: 32 KiB. */
export const MAX_LISTED = 4_096

/** Records asked for at once: what one answer brings is in memory at the same time. */
export const MAX_WANTED = 256

/** A table is compared in 8 to 4,096 parts. */
export const MIN_PART_BITS = 3
export const MAX_PART_BITS = 12

export function encodeFrame(frame: ExchangeFrame): Uint8Array {
  switch (frame.type) {
    case 'digest':
      return Codec.encode({
        digest: {
          records: fromString(frame.records, 'hex'),
          members: fromString(frame.members, 'hex'),
          count: frame.count,
          news: packFingerprints(frame.news)
        }
      })
    case 'compare':
      return Codec.encode({ compare: { parts: packFingerprints(frame.parts) } })
    case 'list':
      return Codec.encode({
        list: { parts: frame.parts, fingerprints: packFingerprints(frame.fingerprints) }
      })
    case 'want':
      return Codec.encode({ want: { fingerprints: packFingerprints(frame.fingerprints) } })
    case 'records':
      return Codec.encode({
        records: {
          held: frame.held.map(({ sealed, remainingMs }) => ({
            sealed,
            // Rounded up, it would grow with every hop.
            remainingSeconds: Math.floor(remainingMs / 1_000)
          })),
          absent: packFingerprints(frame.absent)
        }
      })
  }
}

/** Reads what a stranger sent: `undefined` for anything but one sound frame. */
export function decodeFrame(bytes: Uint8Array): ExchangeFrame | undefined {
  if (bytes.length > MAX_FRAME_BYTES) return undefined
  let message: Codec
  try {
    message = Codec.decode(bytes)
  } catch {
    return undefined
  }
  const { digest, compare, list, want, records } = message
  const bodies = [digest, compare, list, want, records].filter((body) => body !== undefined)
  if (bodies.length !== 1) return undefined
  if (digest !== undefined) return digestOf(digest)
  if (compare !== undefined) return compareOf(compare.parts)
  if (list !== undefined) return listOf(list.parts, list.fingerprints)
  if (want !== undefined) return wantOf(want.fingerprints)
  return records && recordsOf(records)
}

function digestOf(digest: NonNullable<Codec['digest']>): DigestFrame | undefined {
  const { records, members, count } = digest
  const news = unpackFingerprints(digest.news)
  if (records.length !== FINGERPRINT_BYTES || members.length !== FINGERPRINT_BYTES) return undefined
  if (news === undefined || news.length > MAX_LISTED) return undefined
  return { type: 'digest', records: toString(records, 'hex'), members: toString(members, 'hex'), count, news }
}

function compareOf(bytes: Uint8Array): CompareFrame | undefined {
  const parts = unpackFingerprints(bytes)
  return parts !== undefined && isPartCount(parts.length) ? { type: 'compare', parts } : undefined
}

function listOf(parts: Uint8Array, bytes: Uint8Array): ListFrame | undefined {
  const fingerprints = unpackFingerprints(bytes)
  if (fingerprints === undefined || fingerprints.length > MAX_LISTED) return undefined
  return isPartCount(parts.length * 8) ? { type: 'list', parts, fingerprints } : undefined
}

function wantOf(bytes: Uint8Array): WantFrame | undefined {
  const fingerprints = unpackFingerprints(bytes)
  if (fingerprints === undefined || fingerprints.length > MAX_WANTED) return undefined
  return { type: 'want', fingerprints }
}

function recordsOf(records: NonNullable<Codec['records']>): RecordsFrame | undefined {
  const absent = unpackFingerprints(records.absent)
  if (absent === undefined || absent.length + records.held.length > MAX_WANTED) return undefined
  const held = records.held.map(({ sealed, remainingSeconds }) => ({
    sealed,
    remainingMs: remainingSeconds * 1_000
  }))
  return { type: 'records', held, absent }
}

function isPartCount(count: number): boolean {
  return count >= 2 ** MIN_PART_BITS && count <= 2 ** MAX_PART_BITS && (count & (count - 1)) === 0
}
