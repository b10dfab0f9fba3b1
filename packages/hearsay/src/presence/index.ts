/**
 * The core of presence alone, without sockets, clocks and keys: for simulations.
 *
 * @packageDocumentation
 */
export { DEFAULT_MAX_MEMBERS } from '../constants.ts'
export type { EntryStore, TableEntry } from './entry-store.ts'
export { knownRecord, type KnownRecord } from './known-record.ts'
export { PresenceCore, TTL_PER_MEMBER_MS } from './presence-core.ts'
export type { PresenceCoreOptions, PresenceOutput, RecordArrival } from './presence-core.ts'
export { encodePresenceRecord } from './presence-record.ts'
export type { PresenceRecord } from './presence-record.ts'
export { MAX_TTL_MS, type Member, type RecordVerdict } from './presence-table.ts'
