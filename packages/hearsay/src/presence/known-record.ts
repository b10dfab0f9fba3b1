import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { fingerprintOf } from './fingerprint.ts'
import { encodePresenceRecord } from './presence-record.ts'
import type { PresenceRecord } from './presence-record.ts'

/** A record as it was sealed, opened and verified. It does not change, and may be shared. */
export interface KnownRecord {
  readonly peerId: string
  readonly record: PresenceRecord
  readonly sealed: Uint8Array
  /** Of `sealed`. */
  readonly fingerprint: string
  /** Fingerprint of what it says, sequence and time to live aside: renewals have the same. */
  readonly content: string
}

/** A record with all that goes by its bytes. `sealed` is copied: it may be a view of something larger. */
export function knownRecord(peerId: string, record: PresenceRecord, sealed: Uint8Array): KnownRecord {
  const said = encodePresenceRecord({ ...record, sequence: 0, ttlMs: 0 })
  return {
    peerId,
    record,
    sealed: new Uint8Array(sealed),
    fingerprint: fingerprintOf(sealed),
    content: fingerprintOf(concat([fromString(peerId), said]))
  }
}
