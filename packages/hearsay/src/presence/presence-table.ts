import { compareInstances, sameInstance } from './instance.ts'
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
  /** When its latest record came, on the clock handed in, in milliseconds. */
  readonly heardAt: number
  readonly expiresAt: number
}

/** What the table makes of one record; only `accepted` ones are worth passing on. */
export type RecordVerdict = 'accepted' | 'stale' | 'too-often' | 'table-full' | 'own'

export type PresenceOutput =
  /** Publish our own record with this sequence number. */
  | { readonly type: 'publish'; readonly sequence: number; readonly gone: boolean }
  | { readonly type: 'discovered'; readonly member: Member }
  | { readonly type: 'updated'; readonly member: Member; readonly restarted: boolean }
  | { readonly type: 'left'; readonly member: Member; readonly reason: 'goodbye' | 'expired' }
  /** A newer process announces itself under our own peer ID. */
  | { readonly type: 'superseded'; readonly instance: Uint8Array }

export interface PresenceTableOptions {
  localPeer: string
  instance: Uint8Array
  /** Uniform in [0, 1). */
  random: () => number
  /** For how long our records count for others, in milliseconds. They are renewed three times as often. */
  ttlMs: number
  /** How many members are remembered; a room may hold more, and memory must not grow with what strangers say. */
  maxMembers: number
}

/** A record may ask to be remembered for this long at least, so that a member is not discovered again and again. */
const MIN_TTL_MS = 10_000

/** … and at most, so that a vanished member does not stay for days. */
const MAX_TTL_MS = 3_600_000

/** A neighbour is heard of before gossipsub can write to it: what is published at once never leaves. */
const SETTLE_MS = 50

/** The first repetition of our own record; each later pause is twice as long, up to a third of the time to live. */
const FIRST_INTERVAL_MS = 1_000

/** Two records of ours are at least this far apart, plus `GAP_PER_MEMBER_MS` for each member. */
const MIN_GAP_MS = 250
const GAP_PER_MEMBER_MS = 10

/** How many members answer a newcomer on average: enough to be known at once, and a large room does not shout. */
const ANSWERS_TO_NEWCOMER = 16

/** Spread of the answers to a newcomer, in milliseconds for each member, and its bound. */
const ANSWER_SPREAD_PER_MEMBER_MS = 10
const MAX_ANSWER_SPREAD_MS = 2_000

/** Records that one member may send in a burst, and how long one more takes: its own rules keep it far below. */
const RECORD_BURST = 16
const RECORD_REFILL_MS = 250

/** Members that left are remembered this many at most, so that a repeated old record does not bring them back. */
const MAX_DEPARTED = 1_024

interface Entry {
  member: Member
  tokens: number
  refilledAt: number
}

/**
 * Who is in the room: a sans-IO core. It takes verified records and the time, keeps a bounded table, and says when our
 * own record is due. Presence is a hint: whether a member lives is for its session to tell.
 */
export class PresenceTable {
  readonly #options: PresenceTableOptions
  readonly #entries = new Map<string, Entry>()
  readonly #departed = new Map<string, { instance: Uint8Array; sequence: number; until: number }>()
  readonly #outputs: PresenceOutput[] = []
  #sequence = 0
  #publishAt: number | undefined
  #lastPublishAt = Number.NEGATIVE_INFINITY
  #intervalMs = FIRST_INTERVAL_MS
  #sweepAt = Number.POSITIVE_INFINITY
  #closed = false

  constructor(options: PresenceTableOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  get(peerId: string): Member | undefined {
    return this.#entries.get(peerId)?.member
  }

  *members(): IterableIterator<Member> {
    for (const { member } of this.#entries.values()) yield member
  }

  /** Somebody who may not know us listens now, or what we say of ourselves changed: say it soon, then repeat. */
  handleChange(now: number): void {
    this.#intervalMs = FIRST_INTERVAL_MS
    this.#publishBy(now + SETTLE_MS, now)
  }

  /** Takes a record whose signature was verified to be `peerId`'s. */
  handleRecord(peerId: string, record: PresenceRecord, now: number): RecordVerdict {
    if (peerId === this.#options.localPeer) return this.#handleOwn(record)
    const entry = this.#entries.get(peerId)
    if (!this.#isNews(peerId, entry, record)) return 'stale'
    if (entry !== undefined && !takeToken(entry, now)) return 'too-often'
    if (record.gone) return this.#handleGoodbye(peerId, entry, record, now)
    if (entry === undefined) return this.#addMember(peerId, record, now)

    const restarted = !sameInstance(entry.member.instance, record.instance)
    entry.member = this.#remember(peerId, record, now)
    this.#outputs.push({ type: 'updated', member: entry.member, restarted })
    if (restarted) this.#answerNewcomer(now)
    return 'accepted'
  }

  handleTimeout(now: number): void {
    if (now >= this.#sweepAt) this.#sweep(now)
    if (this.#publishAt === undefined || now < this.#publishAt || this.#closed) return
    this.#publish(now, false)
    const renewMs = this.#options.ttlMs / 3
    this.#publishAt = now + this.#intervalMs * (0.75 + this.#options.random() / 2)
    this.#intervalMs = Math.min(this.#intervalMs * 2, renewMs)
  }

  /** Says goodbye, once. Nothing is published after it. */
  handleClose(now: number): void {
    if (this.#closed) return
    this.#closed = true
    this.#publishAt = undefined
    if (this.#sequence > 0) this.#publish(now, true)
  }

  pollOutput(): PresenceOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next, or nothing. */
  pollTimeout(): number | undefined {
    const next = Math.min(this.#publishAt ?? Number.POSITIVE_INFINITY, this.#sweepAt)
    return Number.isFinite(next) ? next : undefined
  }

  #handleOwn(record: PresenceRecord): RecordVerdict {
    if (!record.gone && compareInstances(record.instance, this.#options.instance) > 0) {
      this.#outputs.push({ type: 'superseded', instance: record.instance })
    }
    return 'own'
  }

  #isNews(peerId: string, entry: Entry | undefined, record: PresenceRecord): boolean {
    const known = entry?.member ?? this.#departed.get(peerId)
    if (known === undefined) return true
    const order = compareInstances(record.instance, known.instance)
    return order > 0 || (order === 0 && record.sequence > known.sequence)
  }

  #addMember(peerId: string, record: PresenceRecord, now: number): RecordVerdict {
    if (this.#entries.size >= this.#options.maxMembers) return 'table-full'
    this.#departed.delete(peerId)
    const member = this.#remember(peerId, record, now)
    this.#entries.set(peerId, { member, tokens: RECORD_BURST - 1, refilledAt: now })
    this.#outputs.push({ type: 'discovered', member })
    this.#answerNewcomer(now)
    return 'accepted'
  }

  #handleGoodbye(
    peerId: string,
    entry: Entry | undefined,
    record: PresenceRecord,
    now: number
  ): RecordVerdict {
    // Its last word: nothing that this instance may still say is newer, or it could come and go without measure.
    this.#rememberDeparted(peerId, { instance: record.instance, sequence: Infinity }, now)
    if (entry === undefined) return 'accepted'
    this.#entries.delete(peerId)
    this.#outputs.push({ type: 'left', member: entry.member, reason: 'goodbye' })
    return 'accepted'
  }

  #remember(peerId: string, record: PresenceRecord, now: number): Member {
    const expiresAt = now + Math.min(Math.max(record.ttlMs, MIN_TTL_MS), MAX_TTL_MS)
    this.#sweepAt = Math.min(this.#sweepAt, expiresAt)
    const { instance, sequence, addresses, introducers, services } = record
    return { peerId, instance, sequence, addresses, introducers, services, heardAt: now, expiresAt }
  }

  #rememberDeparted(peerId: string, last: { instance: Uint8Array; sequence: number }, now: number): void {
    this.#departed.delete(peerId)
    this.#departed.set(peerId, { instance: last.instance, sequence: last.sequence, until: now + MAX_TTL_MS })
    if (this.#departed.size > MAX_DEPARTED) {
      const [oldest] = this.#departed.keys()
      this.#departed.delete(oldest)
    }
  }

  #sweep(now: number): void {
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const [peerId, { member }] of this.#entries) {
      if (member.expiresAt > now) {
        this.#sweepAt = Math.min(this.#sweepAt, member.expiresAt)
        continue
      }
      this.#entries.delete(peerId)
      this.#rememberDeparted(peerId, member, now)
      this.#outputs.push({ type: 'left', member, reason: 'expired' })
    }
    for (const [peerId, { until }] of this.#departed) if (until <= now) this.#departed.delete(peerId)
  }

  #answerNewcomer(now: number): void {
    const size = this.#entries.size
    if (this.#options.random() >= ANSWERS_TO_NEWCOMER / size) return
    const spread = Math.min(size * ANSWER_SPREAD_PER_MEMBER_MS, MAX_ANSWER_SPREAD_MS)
    this.#publishBy(now + this.#options.random() * spread, now)
  }

  /** Brings the next own record forward, never nearer to the last one than the gap. */
  #publishBy(at: number, now: number): void {
    if (this.#closed) return
    const gap = MIN_GAP_MS + GAP_PER_MEMBER_MS * this.#entries.size
    const due = Math.max(at, this.#lastPublishAt + gap, now)
    if (this.#publishAt === undefined || due < this.#publishAt) this.#publishAt = due
  }

  #publish(now: number, gone: boolean): void {
    this.#lastPublishAt = now
    this.#outputs.push({ type: 'publish', sequence: ++this.#sequence, gone })
  }
}

function takeToken(entry: Entry, now: number): boolean {
  const refill = Math.floor((now - entry.refilledAt) / RECORD_REFILL_MS)
  if (refill > 0) {
    entry.tokens = Math.min(entry.tokens + refill, RECORD_BURST)
    entry.refilledAt += refill * RECORD_REFILL_MS
  }
  if (entry.tokens === 0) return false
  entry.tokens--
  return true
}
