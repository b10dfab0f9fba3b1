import { compareInstances } from '@hearsay/signaling'
import { MapEntryStore } from './entry-store.ts'
import { highOf, SetDigest } from './fingerprint.ts'
import type { EntryStore, TableEntry } from './entry-store.ts'
import type { KnownRecord } from './known-record.ts'
import type { PresenceRecord } from './presence-record.ts'

/** A member of the room, as far as its own records tell. */
export interface Member {
  readonly peerId: string
  readonly instance: Uint8Array
  readonly sequence: number
  /** Multiaddrs of its overlay listeners, in binary form. */
  readonly addresses: readonly Uint8Array[]
  /** Peer IDs of members that pass envelopes on to it. */
  readonly introducers: readonly string[]
  readonly services: readonly string[]
  /** Counter of the last of its broadcasts that is old. */
  readonly settled: number
  /** When its latest record came, on the clock handed in, in milliseconds. */
  readonly heardAt: number
  readonly expiresAt: number
}

/**
 * What the table makes of one record. `accepted`: it says something new. `renewed`: what is known counts for longer.
 * Only these two are worth passing on.
 */
export type RecordVerdict = 'accepted' | 'renewed' | 'stale' | 'too-often' | 'table-full' | 'own'

export type TableOutput =
  | { readonly type: 'discovered'; readonly member: Member }
  | { readonly type: 'updated'; readonly member: Member; readonly restarted: boolean }
  | { readonly type: 'left'; readonly member: Member; readonly reason: 'goodbye' | 'expired' | 'forgotten' }
  /** A newer process announces itself under our own peer ID. */
  | { readonly type: 'superseded'; readonly instance: Uint8Array }

export interface PresenceTableOptions {
  readonly localPeer: string
  readonly instance: Uint8Array
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** How many members are remembered; a room may hold more, and memory must not grow with what strangers say. */
  readonly maxMembers: number
  /** Our neighbours: they are not forgotten to make room for others. */
  readonly neighbours: () => ReadonlySet<string>
  /** Where entries are kept. @default maps of its own */
  readonly store?: EntryStore | undefined
}

/** Where a record came from. */
export interface RecordSource {
  /** The neighbour that told us of it, by peer ID. */
  readonly neighbour: string
  /** For how long it still counts, by what the neighbour says; it may say less than the record, never more. */
  readonly remainingMs?: number
  /** It is a first announcement, or the neighbour's own: reason enough to forget somebody for it. */
  readonly makesRoom: boolean
}

/** A record may ask to be remembered for this long at least, so that a member is not discovered again and again. */
const MIN_TTL_MS = 10_000

/** … and at most: in the largest rooms records are renewed rarely, and a vanished member must not stay for days. */
export const MAX_TTL_MS = 24 * 3_600_000

/** Records that one member may send in a burst, and how long one more takes: its own rules keep it far below. */
const RECORD_BURST = 16
const RECORD_REFILL_MS = 250

/** Members that left are remembered this many at most, so that a repeated old record does not bring them back. */
const MAX_DEPARTED = 1_024

/** … for so long after the last copy of what they said has expired. */
const DEPARTED_MS = 3_600_000

/** Somebody is forgotten for somebody else this often at most: a flood of names costs little, and changes little. */
const MAKE_ROOM_PAUSE_MS = 50

interface Departed {
  readonly instance: Uint8Array
  readonly sequence: number
  readonly until: number
}

/**
 * Who is in the room: a sans-IO core. It takes verified records and the time, and keeps those that count: of each
 * member the latest, of who said goodbye that. Presence is a hint: whether a member lives is for its session to tell.
 */
export class PresenceTable {
  readonly #options: PresenceTableOptions
  readonly #entries: EntryStore
  readonly #departed = new Map<string, Departed>()
  readonly #outputs: TableOutput[] = []
  readonly #records = new SetDigest()
  readonly #members = new SetDigest()
  #tombstones = 0
  #sweepAt = Number.POSITIVE_INFINITY
  #makeRoomAt = Number.NEGATIVE_INFINITY

  constructor(options: PresenceTableOptions) {
    this.#options = options
    this.#entries = options.store ?? new MapEntryStore()
  }

  /** Members present, without us. */
  get size(): number {
    const own = this.#entries.get(this.#options.localPeer) === undefined ? 0 : 1
    return this.#entries.size - this.#tombstones - own
  }

  /** Records held, our own and goodbyes included. */
  get count(): number {
    return this.#entries.size
  }

  get isFull(): boolean {
    return this.room === 0
  }

  /** How many members more it takes. */
  get room(): number {
    return Math.max(0, this.#options.maxMembers - this.size)
  }

  /** Exclusive or of the fingerprints of all records. */
  get recordsDigest(): string {
    return this.#records.toString()
  }

  /** The same over what the records say, renewals aside. */
  get membersDigest(): string {
    return this.#members.toString()
  }

  get(peerId: string): Member | undefined {
    const entry = this.#entries.get(peerId)
    return entry === undefined || peerId === this.#options.localPeer || entry.known.record.gone
      ? undefined
      : memberOf(entry)
  }

  *members(): IterableIterator<Member> {
    for (const entry of this.#entries) {
      const { peerId, record } = entry.known
      if (peerId !== this.#options.localPeer && !record.gone) yield memberOf(entry)
    }
  }

  /** The record held of a member, present or gone, or of ourselves. */
  entry(peerId: string): TableEntry | undefined {
    return this.#entries.get(peerId)
  }

  has(fingerprint: string): boolean {
    return this.#entries.byFingerprint(fingerprint) !== undefined
  }

  byFingerprint(fingerprint: string): TableEntry | undefined {
    return this.#entries.byFingerprint(fingerprint)
  }

  /** The digest of each of 2^`bits` parts of the table, by the first bits of the records' fingerprints. */
  parts(bits: number): string[] {
    const digests = Array.from({ length: 2 ** bits }, () => new SetDigest())
    for (const { known } of this.#entries) {
      const { fingerprint } = known
      digests[partOf(fingerprint, bits)]?.toggle(fingerprint)
    }
    return digests.map(String)
  }

  /** The fingerprints of each of 2^`bits` parts for which `isWanted` holds. */
  fingerprintsByPart(bits: number, isWanted: (part: number) => boolean): Map<number, string[]> {
    const found = new Map<number, string[]>()
    for (const { known } of this.#entries) {
      const { fingerprint } = known
      const part = partOf(fingerprint, bits)
      if (!isWanted(part)) continue
      const others = found.get(part)
      if (others === undefined) found.set(part, [fingerprint])
      else others.push(fingerprint)
    }
    return found
  }

  /** Whether a record would say something new: if not, its signature need not be verified. */
  isNews(peerId: string, record: PresenceRecord): boolean {
    if (peerId === this.#options.localPeer) return this.#isOfNewerSelf(record)
    const known = this.#entries.get(peerId)?.known.record ?? this.#departed.get(peerId)
    if (known === undefined) return true
    const order = compareInstances(record.instance, known.instance)
    return order > 0 || (order === 0 && record.sequence > known.sequence)
  }

  /** Takes a record whose signature was verified to be of `known.peerId`. */
  handleRecord(known: KnownRecord, source: RecordSource, now: number): RecordVerdict {
    const { peerId, record } = known
    if (peerId === this.#options.localPeer) return this.#handleOwn(record)
    if (!this.isNews(peerId, record)) return 'stale'
    const before = this.#entries.get(peerId)
    const paidUpAt = Math.max(before?.paidUpAt ?? 0, now) + RECORD_REFILL_MS
    if (paidUpAt - now > RECORD_BURST * RECORD_REFILL_MS) return 'too-often'
    const ttlMs = Math.min(Math.max(record.ttlMs, MIN_TTL_MS), MAX_TTL_MS)
    const expiresAt = now + Math.min(source.remainingMs ?? ttlMs, ttlMs)
    if (expiresAt <= now) return 'stale'
    const wasPresent = before !== undefined && !before.known.record.gone
    if (!wasPresent && !record.gone && this.isFull && !this.#makeRoom(source, now)) return 'table-full'

    const neighbour = before?.neighbour ?? source.neighbour
    const entry = { known, neighbour, heardAt: now, expiresAt, paidUpAt }
    this.#put(entry)
    if (record.gone) this.#tellGone(wasPresent ? before : undefined)
    else this.#tell(entry, wasPresent ? before : undefined)
    return wasPresent && before.known.content === known.content ? 'renewed' : 'accepted'
  }

  /** Puts our own record among the others, where it stays until the next. */
  setOwn(known: KnownRecord, now: number): void {
    this.#put({
      known,
      neighbour: known.peerId,
      heardAt: now,
      expiresAt: now + known.record.ttlMs,
      paidUpAt: now
    })
  }

  handleTimeout(now: number): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const entry of [...this.#entries]) {
      if (entry.known.peerId === this.#options.localPeer) continue
      if (entry.expiresAt > now) this.#sweepAt = Math.min(this.#sweepAt, entry.expiresAt)
      else this.#expire(entry, now)
    }
    for (const [peerId, { until }] of this.#departed) if (until <= now) this.#departed.delete(peerId)
  }

  pollOutput(): TableOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next, or nothing. */
  pollTimeout(): number | undefined {
    return Number.isFinite(this.#sweepAt) ? this.#sweepAt : undefined
  }

  #handleOwn(record: PresenceRecord): RecordVerdict {
    if (this.#isOfNewerSelf(record)) this.#outputs.push({ type: 'superseded', instance: record.instance })
    return 'own'
  }

  #isOfNewerSelf({ gone, instance }: PresenceRecord): boolean {
    return !gone && compareInstances(instance, this.#options.instance) > 0
  }

  #put(entry: TableEntry): void {
    const { peerId, fingerprint, content } = entry.known
    const before = this.#entries.get(peerId)
    if (before !== undefined) this.#remove(before)
    this.#departed.delete(peerId)
    this.#entries.add(entry)
    this.#records.toggle(fingerprint)
    this.#members.toggle(content)
    if (this.#isTombstone(entry)) this.#tombstones++
    if (this.#tombstones > MAX_DEPARTED) this.#dropOldestTombstone(entry.heardAt)
    this.#sweepAt = Math.min(this.#sweepAt, entry.expiresAt)
  }

  #remove(entry: TableEntry): void {
    const { known } = entry
    this.#entries.delete(entry)
    this.#records.toggle(known.fingerprint)
    this.#members.toggle(known.content)
    if (this.#isTombstone(entry)) this.#tombstones--
  }

  #isTombstone({ known }: TableEntry): boolean {
    return known.record.gone && known.peerId !== this.#options.localPeer
  }

  #tell(entry: TableEntry, before: TableEntry | undefined): void {
    const member = memberOf(entry)
    if (before === undefined) {
      this.#outputs.push({ type: 'discovered', member })
      return
    }
    const restarted = compareInstances(before.known.record.instance, member.instance) !== 0
    this.#outputs.push({ type: 'updated', member, restarted })
  }

  #tellGone(before: TableEntry | undefined): void {
    if (before !== undefined) {
      this.#outputs.push({ type: 'left', member: memberOf(before), reason: 'goodbye' })
    }
  }

  #expire(entry: TableEntry, now: number): void {
    this.#remove(entry)
    const { peerId, record } = entry.known
    this.#rememberDeparted(peerId, record, now)
    if (!record.gone) this.#outputs.push({ type: 'left', member: memberOf(entry), reason: 'expired' })
  }

  #rememberDeparted(peerId: string, record: PresenceRecord, now: number): void {
    this.#departed.delete(peerId)
    this.#departed.set(peerId, {
      instance: record.instance,
      sequence: record.sequence,
      until: now + DEPARTED_MS
    })
    if (this.#departed.size > MAX_DEPARTED) {
      const [oldest] = this.#departed.keys()
      this.#departed.delete(oldest)
    }
  }

  #dropOldestTombstone(now: number): void {
    let oldest: TableEntry | undefined
    for (const entry of this.#entries) {
      if (this.#isTombstone(entry) && entry.heardAt < (oldest?.heardAt ?? Number.POSITIVE_INFINITY))
        oldest = entry
    }
    if (oldest !== undefined) this.#expire(oldest, now)
  }

  /**
   * Forgets somebody, at random among those of whom the same neighbour told us that told us of most: who floods us with
   * names takes the place of its own, and a room larger than our table still lets newcomers in.
   */
  #makeRoom({ makesRoom }: RecordSource, now: number): boolean {
    if (!makesRoom || now < this.#makeRoomAt) return false
    this.#makeRoomAt = now + MAKE_ROOM_PAUSE_MS
    const neighbours = this.#options.neighbours()
    const byNeighbour = new Map<string, TableEntry[]>()
    for (const entry of this.#entries) {
      const { peerId, record } = entry.known
      if (peerId === this.#options.localPeer || record.gone || neighbours.has(peerId)) continue
      const others = byNeighbour.get(entry.neighbour)
      if (others === undefined) byNeighbour.set(entry.neighbour, [entry])
      else others.push(entry)
    }
    const [most] = [...byNeighbour.values()].sort((a, b) => b.length - a.length)
    const victim = most?.[Math.floor(this.#options.random() * most.length)]
    if (victim === undefined) return false
    this.#remove(victim)
    this.#outputs.push({ type: 'left', member: memberOf(victim), reason: 'forgotten' })
    return true
  }
}

function memberOf({ known, heardAt, expiresAt }: TableEntry): Member {
  const { peerId, record } = known
  const { instance, sequence, addresses, introducers, services, settled } = record
  return { peerId, instance, sequence, addresses, introducers, services, settled, heardAt, expiresAt }
}

function partOf(fingerprint: string, bits: number): number {
  return highOf(fingerprint) >>> (32 - bits)
}
