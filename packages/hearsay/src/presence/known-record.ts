import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { fingerprintOf } from './fingerprint.ts'
import { encodePresenceRecord } from './presence-record.ts'
import type { PresenceRecord } from './presence-record.ts'
import type { KnownRecord } from './presence-table.ts'

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
