import type { EntryStore, KnownRecord, TableEntry } from 'hearsay/presence'

/** Room in each store for members that are added after those that it was made for. */
const SPARE = 64

/**
 * What the tables of many simulated members have in common: the records, their index, and entries that are alike. Each
 * table then takes one word a member of the room, and ten thousand of them fit into a gigabyte.
 */
export class SharedEntries {
  readonly #numbers = new Map<string, number>()
  readonly #records = new Map<string, KnownRecord>()
  /** By a member's number: what was said of it last, to whichever table. */
  readonly #latest: (TableEntry | undefined)[] = []
  #capacity = SPARE

  /** Stores made from now on are for so many members more. */
  reserve(members: number): void {
    this.#capacity = this.#numbers.size + members + SPARE
  }

  /** A table's entries. */
  createStore(): EntryStore {
    return new SharedEntryStore(this, this.#capacity)
  }

  /** A record that tables may hold from now on. */
  addRecord(known: KnownRecord): void {
    this.#records.set(known.fingerprint, known)
  }

  record(fingerprint: string): KnownRecord | undefined {
    return this.#records.get(fingerprint)
  }

  numberOf(peerId: string): number {
    const known = this.#numbers.get(peerId)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(peerId, number)
    return number
  }

  /** An entry that says the same, where the last of that member did; otherwise this one. */
  unify(number: number, entry: TableEntry): TableEntry {
    const latest = this.#latest[number]
    if (latest !== undefined && isSame(latest, entry)) return latest
    this.#latest[number] = entry
    return entry
  }
}

class SharedEntryStore implements EntryStore {
  readonly #shared: SharedEntries
  /** By the members' numbers. */
  readonly #entries: (TableEntry | undefined)[]
  #size = 0

  constructor(shared: SharedEntries, capacity: number) {
    this.#shared = shared
    this.#entries = new Array<TableEntry | undefined>(capacity)
  }

  get size(): number {
    return this.#size
  }

  get(peerId: string): TableEntry | undefined {
    return this.#entries[this.#shared.numberOf(peerId)]
  }

  byFingerprint(fingerprint: string): TableEntry | undefined {
    const record = this.#shared.record(fingerprint)
    const entry = record && this.get(record.peerId)
    return entry?.known === record ? entry : undefined
  }

  add(entry: TableEntry): void {
    const number = this.#shared.numberOf(entry.known.peerId)
    this.#entries[number] = this.#shared.unify(number, entry)
    this.#size++
  }

  delete({ known }: TableEntry): void {
    this.#entries[this.#shared.numberOf(known.peerId)] = undefined
    this.#size--
  }

  *[Symbol.iterator](): Generator<TableEntry, undefined> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry
  }
}

function isSame(a: TableEntry, b: TableEntry): boolean {
  return (
    a.known === b.known &&
    a.neighbour === b.neighbour &&
    a.heardAt === b.heardAt &&
    a.expiresAt === b.expiresAt &&
    a.paidUpAt === b.paidUpAt &&
    a.wasPresent === b.wasPresent &&
    a.toldBy.length === b.toldBy.length &&
    a.toldBy.every((neighbour, index) => neighbour === b.toldBy[index])
  )
}
