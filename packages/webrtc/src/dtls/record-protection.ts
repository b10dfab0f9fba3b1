import type { CipherSuite } from './cipher-suites.ts'
import type { TrafficKeys } from './key-schedule.ts'
import type { DtlsRecord } from './record.ts'

/** The epoch of everything protected. There is no renegotiation, so there never is another. */
export const PROTECTED_EPOCH = 1

/**
 * Seals and opens the records of epoch 1. The seam behind which another record layer may stand; it is told
 * the sequence number and MUST refuse, by throwing, one that does not rise, since with an AEAD a repeated
 * nonce gives away the authentication key.
 */
export interface RecordProtection {
  /** Bytes of a sealed record beyond its plaintext, header included. */
  readonly overhead: number
  /**
   * @returns the whole record, header included, in memory of its own
   * @throws {Error} if `sequenceNumber` is not higher than at the last call
   */
  seal(type: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array
  /** The plaintext in memory of its own, or undefined if the record is not authentic. Never throws. */
  open(record: DtlsRecord): Uint8Array | undefined
}

/** What a record layer is made from. */
export interface RecordProtectionKeys {
  readonly suite: CipherSuite
  /** For what we send. */
  readonly write: TrafficKeys
  /** For what the peer sends. */
  readonly read: TrafficKeys
}

export type RecordProtectionFactory = (keys: RecordProtectionKeys) => RecordProtection
