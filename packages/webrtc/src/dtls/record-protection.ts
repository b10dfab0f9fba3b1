import type { CipherSuite } from './cipher-suites.ts'
import type { TrafficKeys } from './key-schedule.ts'
import { MAX_SEQUENCE_NUMBER, type DtlsRecord } from './record.ts'

/** The epoch of everything protected. There is no renegotiation, so there never is another. */
export const PROTECTED_EPOCH = 1

/**
 * Seals and opens the records of epoch 1. It is told the sequence number and MUST refuse, by throwing, one that does
 * not rise, since with an AEAD a repeated nonce gives away the authentication key: see {@link NumberCheck}.
 */
export interface RecordProtection {
  /** Bytes of a sealed record beyond its plaintext, header included. */
  readonly overhead: number
  /** Where the plaintext for `sealBuffer()` is to be written; asked for anew for each, as it may be another. */
  readonly buffer: Uint8Array
  /**
   * Seals the first `length` bytes of `buffer`.
   *
   * @returns the whole record, header included; its memory is used again, unless `keepSealed()` is called at once
   * @throws {Error} if `sequenceNumber` is not higher than at the last call
   */
  sealBuffer(type: number, sequenceNumber: number, length: number): Uint8Array
  /** What was sealed last has not been sent yet: its memory is not used again until `release()`. */
  keepSealed(): void
  /** A record that was kept has been sent. */
  release(record: Uint8Array): void
  /**
   * @returns the whole record, header included, in memory of its own
   * @throws {Error} if `sequenceNumber` is not higher than at the last call
   */
  seal(type: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array
  /** The plaintext, or undefined if the record is not authentic. Its memory is used again. Never throws. */
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

/** The last guard against a repeated nonce, whatever became of the counter: numbers only rise. */
export class NumberCheck {
  #last = -1

  /** @throws {Error} if a record with this number must not be sealed */
  check(sequenceNumber: number): void {
    if (!(sequenceNumber > this.#last && sequenceNumber <= MAX_SEQUENCE_NUMBER)) {
      throw new Error('A record number must rise and have 48 bits: another nonce would repeat.')
    }
    this.#last = sequenceNumber
  }
}
