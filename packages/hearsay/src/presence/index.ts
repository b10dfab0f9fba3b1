/**
 * The core of presence alone, without sockets, clocks and keys: for simulations.
 *
 * @packageDocumentation
 */
export { knownRecord } from './known-record.ts'
export { PresenceCore } from './presence-core.ts'
export type { PresenceCoreOptions, PresenceOutput, RecordArrival } from './presence-core.ts'
export { encodePresenceRecord } from './presence-record.ts'
export type { PresenceRecord } from './presence-record.ts'
export type { KnownRecord, Member, RecordVerdict } from './presence-table.ts'
