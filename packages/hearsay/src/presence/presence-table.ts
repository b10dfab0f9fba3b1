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
  /** That process has said goodbye, whether or not it was known as a member; after `left` where it was. */
  | { readonly type: 'departed'; readonly peerId: string; readonly instance: Uint8Array }
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
  /**
   * For how long it still counts, by what the neighbour says; it may say less than the record, never more. Who says
   * nothing of it has the record from gossip, where it is new.
   */
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

/**
 * What a neighbour says of a known record's time counts where it adds more than this: times are rounded at every hop, and
 * tables that end a few seconds apart must not make somebody leave and come back.
 */
const MIN_GAIN_MS = 10_000

/** Neighbours remembered of those whose word on one record's time was taken: none of them brings it back again. */
const MAX_TOLD_BY = 16

/** Somebody is forgotten for somebody else this often at most: a flood of names costs little, and changes little. */
const MAKE_ROOM_PAUSE_MS = 50

/** What remains of a record when it has expired. */
interface Departed extends Pick<TableEntry, 'heardAt' | 'expiresAt' | 'toldBy' | 'wasPresent'> {
  readonly instance: Uint8Array
  readonly sequence: number
  /** Nobody's word makes it count any longer. */
  readonly endsAt: number
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
  #makeTombstoneRoomAt = Number.NEGATIVE_INFINITY

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

  /** Whether a record would say something new, or count for longer: if not, its signature need not be verified. */
  isNews(peerId: string, record: PresenceRecord, source?: RecordSource, now = 0): boolean {
    if (peerId === this.#options.localPeer) return this.#isOfNewerSelf(record)
    const heard = this.#heardOf(peerId)
    if (heard === undefined || isNewer(record, heard)) return true
    return source !== undefined && isSame(record, heard) && this.#countsLonger(peerId, heard, source, now)
  }

  /** Whether a record that says nothing new may yet count again, by the word of another neighbour. */
  mayCountAgain(peerId: string, record: PresenceRecord, now: number): boolean {
    const heard = this.#heardOf(peerId)
    return heard === undefined || isNewer(record, heard) || (isSame(record, heard) && now < heard.endsAt)
  }

  /** Takes a record whose signature was verified to be of `known.peerId`. */
  handleRecord(known: KnownRecord, source: RecordSource, now: number): RecordVerdict {
    const { peerId, record } = known
    if (peerId === this.#options.localPeer) return this.#handleOwn(record)
    if (!this.isNews(peerId, record, source, now)) return 'stale'
    const before = this.#entries.get(peerId)
    const heard = this.#heardOf(peerId)
    const again = heard !== undefined && isSame(record, heard) ? heard : undefined
    if (before !== undefined && again !== undefined) return this.#prolong(before, again, source, now)
    const paidUpAt = Math.max(before?.paidUpAt ?? 0, now) + RECORD_REFILL_MS
    if (paidUpAt - now > RECORD_BURST * RECORD_REFILL_MS) return 'too-often'
    const ttlMs = ttlOf(record)
    const expiresAt = Math.min(now + Math.min(source.remainingMs ?? ttlMs, ttlMs), again?.endsAt ?? Infinity)
    if (expiresAt <= now) return 'stale'
    const wasPresent = before !== undefined && !before.known.record.gone
    if (!wasPresent && !record.gone && this.isFull && !this.#makeRoom(source, now)) return 'table-full'
    const isStranger = record.gone && heard?.wasPresent !== true
    if (isStranger && before === undefined && !this.#takesStranger(now)) return 'table-full'

    const neighbour = before?.neighbour ?? source.neighbour
    const heardAt = again?.heardAt ?? now
    const toldBy = withTeller(again?.toldBy, source)
    const entry = { known, neighbour, heardAt, expiresAt, paidUpAt, toldBy, wasPresent: !isStranger }
    this.#put(entry)
    if (record.gone) this.#tellGone(known, wasPresent ? before : undefined)
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
      paidUpAt: now,
      toldBy: [],
      wasPresent: true
    })
  }

  handleTimeout(now: number): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const entry of [...this.#entries]) {
      if (entry.known.peerId === this.#options.localPeer) continue
      if (entry.expiresAt > now) this.#sweepAt = Math.min(this.#sweepAt, entry.expiresAt)
      else this.#expire(entry)
    }
    for (const [peerId, { endsAt }] of this.#departed) {
      if (endsAt + DEPARTED_MS <= now) this.#departed.delete(peerId)
    }
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

  #heardOf(peerId: string): Departed | undefined {
    const entry = this.#entries.get(peerId)
    return entry === undefined ? this.#departed.get(peerId) : departedOf(entry)
  }

  /** Each neighbour's word is good for one life of a record, or one that lies could end it again and again. */
  #countsLonger(peerId: string, heard: Departed, source: RecordSource, now: number): boolean {
    if (source.remainingMs === undefined) return false
    if (this.#entries.get(peerId) === undefined && heard.toldBy.includes(source.neighbour)) return false
    return Math.min(now + source.remainingMs, heard.endsAt) > heard.expiresAt + MIN_GAIN_MS
  }

  /** The record held counts for longer, by the word of another neighbour. */
  #prolong(before: TableEntry, heard: Departed, source: RecordSource, now: number): RecordVerdict {
    const expiresAt = Math.min(now + (source.remainingMs ?? 0), heard.endsAt)
    const entry = { ...before, expiresAt, toldBy: withTeller(before.toldBy, source) }
    this.#put(entry)
    if (!before.known.record.gone) this.#tell(entry, before)
    return 'renewed'
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
    if (this.#tombstones > MAX_DEPARTED) this.#dropOldestTombstone()
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

  #tellGone({ peerId, record }: KnownRecord, before: TableEntry | undefined): void {
    if (before !== undefined) {
      this.#outputs.push({ type: 'left', member: memberOf(before), reason: 'goodbye' })
    }
    this.#outputs.push({ type: 'departed', peerId, instance: record.instance })
  }

  #expire(entry: TableEntry): void {
    this.#remove(entry)
    this.#rememberDeparted(entry)
    if (!entry.known.record.gone) {
      this.#outputs.push({ type: 'left', member: memberOf(entry), reason: 'expired' })
    }
  }

  #rememberDeparted(entry: TableEntry): void {
    const { peerId } = entry.known
    this.#departed.delete(peerId)
    if (this.#departed.size >= MAX_DEPARTED) {
      const [stranger] = [...this.#departed].find(([, { wasPresent }]) => !wasPresent) ?? []
      const [oldest] = this.#departed.keys()
      const victim = stranger ?? (entry.wasPresent ? oldest : undefined)
      if (victim === undefined) return
      this.#departed.delete(victim)
    }
    this.#departed.set(peerId, departedOf(entry))
  }

  /** Goodbyes of whom we never heard cost whoever invents them nothing: they take the place of their like only. */
  #takesStranger(now: number): boolean {
    if (this.#tombstones < MAX_DEPARTED) return true
    if (now < this.#makeTombstoneRoomAt) return false
    this.#makeTombstoneRoomAt = now + MAKE_ROOM_PAUSE_MS
    const oldest = this.#oldestTombstone(({ wasPresent }) => !wasPresent)
    if (oldest === undefined) return false
    this.#expire(oldest)
    return true
  }

  #dropOldestTombstone(): void {
    const oldest = this.#oldestTombstone(({ wasPresent }) => !wasPresent) ?? this.#oldestTombstone(() => true)
    if (oldest !== undefined) this.#expire(oldest)
  }

  #oldestTombstone(isMeant: (entry: TableEntry) => boolean): TableEntry | undefined {
    let oldest: TableEntry | undefined
    for (const entry of this.#entries) {
      if (!this.#isTombstone(entry) || !isMeant(entry)) continue
      if (entry.heardAt < (oldest?.heardAt ?? Number.POSITIVE_INFINITY)) oldest = entry
    }
    return oldest
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

function departedOf({ known, heardAt, expiresAt, toldBy, wasPresent }: TableEntry): Departed {
  const { instance, sequence } = known.record
  return { instance, sequence, heardAt, expiresAt, toldBy, wasPresent, endsAt: heardAt + ttlOf(known.record) }
}

function ttlOf({ ttlMs }: PresenceRecord): number {
  return Math.min(Math.max(ttlMs, MIN_TTL_MS), MAX_TTL_MS)
}

function isNewer(record: PresenceRecord, than: Pick<PresenceRecord, 'instance' | 'sequence'>): boolean {
  const order = compareInstances(record.instance, than.instance)
  return order > 0 || (order === 0 && record.sequence > than.sequence)
}

function isSame(record: PresenceRecord, other: Pick<PresenceRecord, 'instance' | 'sequence'>): boolean {
  return record.sequence === other.sequence && compareInstances(record.instance, other.instance) === 0
}

function withTeller(toldBy: readonly string[] = [], { neighbour }: RecordSource): readonly string[] {
  return [...toldBy.filter((other) => other !== neighbour), neighbour].slice(-MAX_TOLD_BY)
}

function partOf(fingerprint: string, bits: number): number {
  return highOf(fingerprint) >>> (32 - bits)
}
