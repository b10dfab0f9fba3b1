import type { RecordProtection } from './record-protection.ts'
import { ReplayWindow } from './replay-window.ts'
import type { DtlsRecord } from './record.ts'

/** A protected record, opened or not. */
export type OpenedRecord =
  /** The plaintext's memory is used again for the next record of any connection. */
  | { readonly kind: 'opened'; readonly plaintext: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: 'replayed' | 'undecryptable' }

/**
 * Opens records of epoch 1, each but once. Epoch 0 has no window: its records are anybody's, and one forged
 * with a high number would make the genuine ones look old. There `message_seq` tells repetitions.
 */
export class RecordReader {
  readonly #window = new ReplayWindow()
  #protection: RecordProtection | undefined

  /** Turns to epoch 1. */
  protect(protection: RecordProtection): void {
    this.#protection = protection
  }

  get isProtecting(): boolean {
    return this.#protection !== undefined
  }

  /** Opens a record; only an authentic one moves the window (RFC 6347, section 4.1.2.6). */
  open(record: DtlsRecord): OpenedRecord {
    if (!this.#window.isFresh(record.sequenceNumber)) return { kind: 'dropped', reason: 'replayed' }
    const plaintext = this.#protection?.open(record)
    if (plaintext === undefined) return { kind: 'dropped', reason: 'undecryptable' }
    this.#window.note(record.sequenceNumber)
    return { kind: 'opened', plaintext }
  }
}
