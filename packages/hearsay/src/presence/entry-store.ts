import type { KnownRecord } from './known-record.ts'

/** A record in a table, and how it came there. */
export interface TableEntry {
  readonly known: KnownRecord
  /** The neighbour that first told us of this member. */
  readonly neighbour: string
  readonly heardAt: number
  readonly expiresAt: number
  /** When the member will have been silent long enough for all it has said (the generic cell rate algorithm). */
  readonly paidUpAt: number
  /** Neighbours by whose word it counts until then: the last one's, and before it of those whose word ran out. */
  readonly toldBy: readonly string[]
  /** The member is or was present here: a goodbye of another may be of somebody invented. */
  readonly wasPresent: boolean
}

/** Where a table keeps its entries, one a member. Entries do not change, so that stores may share them. */
export interface EntryStore extends Iterable<TableEntry> {
  readonly size: number
  get(peerId: string): TableEntry | undefined
  /** By the fingerprint of the record. */
  byFingerprint(fingerprint: string): TableEntry | undefined
  /** Of a member that has none there. */
  add(entry: TableEntry): void
  delete(entry: TableEntry): void
}

/** Entries in two maps: what a table uses unless it is given another store. */
export class MapEntryStore implements EntryStore {
  readonly #byPeer = new Map<string, TableEntry>()
  readonly #byFingerprint = new Map<string, TableEntry>()

  get size(): number {
    return this.#byPeer.size
  }

  get(peerId: string): TableEntry | undefined {
    return this.#byPeer.get(peerId)
  }

  byFingerprint(fingerprint: string): TableEntry | undefined {
    return this.#byFingerprint.get(fingerprint)
  }

  add(entry: TableEntry): void {
    this.#byPeer.set(entry.known.peerId, entry)
    this.#byFingerprint.set(entry.known.fingerprint, entry)
  }

  delete({ known }: TableEntry): void {
    this.#byPeer.delete(known.peerId)
    this.#byFingerprint.delete(known.fingerprint)
  }

  [Symbol.iterator](): Iterator<TableEntry> {
    return this.#byPeer.values()
  }
}
