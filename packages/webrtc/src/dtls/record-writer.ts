import { DTLS_1_2 } from './protocol.ts'
import type { RecordProtection } from './record-protection.ts'
import { MAX_SEQUENCE_NUMBER, RECORD_HEADER_LENGTH, encodeRecord } from './record.ts'

/**
 * Numbers and seals all records of one end. The only place that hands out sequence numbers, and each but
 * once: retransmissions come through here too.
 */
export class RecordWriter {
  readonly plaintextOverhead = RECORD_HEADER_LENGTH
  #protection: RecordProtection | undefined
  #nextPlaintext = 0
  #nextProtected = 0

  /** Turns to epoch 1. */
  protect(protection: RecordProtection): void {
    if (this.#protection !== undefined) throw new Error('There is no renegotiation: epoch 1 begins once.')
    this.#protection = protection
  }

  /** Bytes of a protected record beyond its plaintext; 0 while there is no protection. */
  get protectedOverhead(): number {
    return this.#protection?.overhead ?? 0
  }

  get isProtecting(): boolean {
    return this.#protection !== undefined
  }

  /** Whether all 2^48 numbers of epoch 1 are used up. */
  get isExhausted(): boolean {
    return this.#nextProtected > MAX_SEQUENCE_NUMBER
  }

  plaintext(type: number, fragment: Uint8Array): Uint8Array {
    return encodeRecord({
      type,
      version: DTLS_1_2,
      epoch: 0,
      sequenceNumber: this.#nextPlaintext++,
      fragment
    })
  }

  protected(type: number, plaintext: Uint8Array): Uint8Array {
    return this.#require().seal(type, this.#nextProtected++, plaintext)
  }

  /** Where the plaintext for `sealBuffer()` is to be written. */
  get buffer(): Uint8Array {
    return this.#require().buffer
  }

  /** As `protected()`, of the first `length` bytes of `buffer`; the result's memory is used again. */
  sealBuffer(type: number, length: number): Uint8Array {
    return this.#require().sealBuffer(type, this.#nextProtected++, length)
  }

  /** What was sealed last has not been sent yet. */
  keepSealed(): void {
    this.#require().keepSealed()
  }

  /** What was kept has been sent. */
  release(record: Uint8Array): void {
    this.#require().release(record)
  }

  #require(): RecordProtection {
    if (this.#protection === undefined) throw new Error('No record can be sealed before the keys are there.')
    return this.#protection
  }
}
