import { compareInstances } from '@hearsay/signaling'
import { decodeFrame, encodeFrame, MAX_WANTED } from './exchange-frame.ts'
import { ExchangeLink } from './exchange-link.ts'
import { fingerprintOf } from './fingerprint.ts'
import { MAX_TTL_MS, PresenceTable } from './presence-table.ts'
import { RecordPuller } from './record-puller.ts'
import type { EntryStore, TableEntry } from './entry-store.ts'
import type { ExchangeFrame, RecordsFrame } from './exchange-frame.ts'
import type { KnownRecord } from './known-record.ts'
import type { PresenceRecord } from './presence-record.ts'
import type { RecordSource, RecordVerdict, TableOutput } from './presence-table.ts'

export type PresenceOutput =
  | TableOutput
  /** Send this to a neighbour. */
  | { readonly type: 'send'; readonly link: string; readonly frame: Uint8Array }
  /** A neighbour keeps to no rule: its link is of no use. */
  | { readonly type: 'close'; readonly link: string; readonly reason: string }
  /** Decrypt and verify this, and hand in what it is: `handleOpened`, `handleStale` or `handleUnsound`. */
  | { readonly type: 'open'; readonly arrival: RecordArrival; readonly sealed: Uint8Array }
  /** Sign and seal our own record, and hand it in: `handleSealed`. */
  | { readonly type: 'seal'; readonly sequence: number; readonly ttlMs: number; readonly gone: boolean }
  /** Say our own record to the whole room. */
  | { readonly type: 'publish'; readonly sealed: Uint8Array }

/** How a record came from a neighbour. */
export interface RecordArrival {
  readonly link: string
  /** Peer ID of the neighbour. */
  readonly neighbour: string
  readonly fingerprint: string
  readonly remainingMs: number
  /** We had asked for it. */
  readonly isAnswer: boolean
}

export interface PresenceCoreOptions {
  readonly localPeer: string
  readonly instance: Uint8Array
  /** The last sequence that this process has used in the room, if it comes back to it. @default 0 */
  readonly sequence?: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** For how long our records count for others at least, in milliseconds. */
  readonly ttlMs: number
  /** How many members are remembered. */
  readonly maxMembers: number
  /** Where records are kept. @default maps of its own */
  readonly store?: EntryStore | undefined
}

/**
 * In a large room a record counts for longer, so that the room's renewals stay as rare as in a small one: one in 40 s
 * for all of it, which costs each member about 40 bytes a second whatever the room's size.
 */
export const TTL_PER_MEMBER_MS = 60_000

/** A record is renewed after this part of its time to live, give or take a twelfth. */
const RENEWAL = 2 / 3
const RENEWAL_JITTER = 1 / 12

/** The longest pause between two digests is this part of our time to live: a renewal must cross the room in time. */
const INTERVALS_PER_TTL = 40
const MAX_INTERVAL_MS = 60_000

/** A renewal is passed on at once where what it renews counts for so many longest pauses only, or less. */
const URGENT_INTERVALS = 10

/** What changes at the same time is said at once, and gossipsub can write to who was just heard of. */
const SETTLE_MS = 50

/** Two records of ours are at least this far apart … */
const MIN_GAP_MS = 100

/** … and this far once we have said so many: who has just come finds its introducers one after another. */
const GAP_MS = 1_000
const HASTY_RECORDS = 2

/** Neighbours that we exchange records with at most: each costs a digest in every interval. */
const MAX_LINKS = 256

/** Fingerprints remembered of records that came to nothing, so that they are not fetched from every neighbour. */
const MAX_REFUSED = 4_096

/**
 * All of presence but sockets, clocks and keys: a sans-IO core. It keeps the table, exchanges records with neighbours,
 * and says when our own record is due.
 */
export class PresenceCore {
  readonly table: PresenceTable
  readonly #options: PresenceCoreOptions
  readonly #links = new Map<string, ExchangeLink>()
  readonly #puller: RecordPuller
  readonly #refused = new Set<string>()
  readonly #outputs: PresenceOutput[] = []
  #sequence: number
  #ttlMs: number
  #sealAt = Number.POSITIVE_INFINITY
  #sealedAt = Number.NEGATIVE_INFINITY
  #publishAt = Number.POSITIVE_INFINITY
  #isPublished = false
  #isSuperseded = false
  #isClosed = false

  constructor(options: PresenceCoreOptions) {
    this.#options = options
    this.#ttlMs = options.ttlMs
    this.#sequence = options.sequence ?? 0
    this.table = new PresenceTable({
      ...options,
      neighbours: () => new Set([...this.#links.values()].map(({ remotePeer }) => remotePeer))
    })
    this.#puller = new RecordPuller({
      batchSize: MAX_WANTED,
      maxOffered: options.maxMembers + MAX_REFUSED,
      isNeeded: (fingerprint) => this.isNeeded(fingerprint)
    })
  }

  /** Of our last record. */
  get sequence(): number {
    return this.#sequence
  }

  /** Whether a record, by its fingerprint, is worth being opened. */
  isNeeded(fingerprint: string): boolean {
    return !this.table.has(fingerprint) && !this.#refused.has(fingerprint)
  }

  /** Whether a record is worth being verified. @param arrival how it came, unless by gossip */
  isNews(peerId: string, record: PresenceRecord, arrival: RecordArrival | undefined, now: number): boolean {
    return this.table.isNews(peerId, record, arrival && { ...arrival, makesRoom: false }, now)
  }

  /** We begin, or what we say of ourselves changed. */
  handleChange(now: number): void {
    if (this.#isClosed) return
    const gapMs = this.#said < HASTY_RECORDS ? MIN_GAP_MS : GAP_MS
    this.#sealAt = Math.min(this.#sealAt, Math.max(now + SETTLE_MS, this.#sealedAt + gapMs))
  }

  /** Our own record is sealed, as asked for. */
  handleSealed(known: KnownRecord, now: number): void {
    const before = this.table.entry(known.peerId)
    const isUrgent = this.#isUrgent(before, now)
    this.table.setOwn(known, now)
    this.#ttlMs = known.record.ttlMs
    for (const link of this.#links.values()) {
      if (before?.known.content === known.content) link.tell(known.fingerprint, isUrgent, now)
      else this.#show(link, known, known.record.ttlMs)
    }
    // Whoever heard of us by gossip alone would remember us until we expire.
    if (known.record.gone && this.#isPublished && this.#links.size === 0) this.#tellAll(known)
    this.#drain(now)
  }

  /** A neighbour that has proven to be in the room is connected. */
  handleLinkOpen(id: string, remotePeer: string, isInitiator: boolean, now: number): void {
    if (this.#links.size >= MAX_LINKS) {
      this.#outputs.push({ type: 'close', link: id, reason: 'we have neighbours enough' })
      return
    }
    const { random } = this.#options
    const link = new ExchangeLink(
      { id, remotePeer, isInitiator, table: this.table, puller: this.#puller, random },
      now
    )
    this.#links.set(id, link)
    this.#puller.handleOpen(id)
    const own = this.table.entry(this.#options.localPeer)
    if (own !== undefined) this.#show(link, own.known, own.expiresAt - now)
    this.#send(link, link.digests())
    this.#drain(now)
  }

  handleLinkClosed(id: string, now: number): void {
    if (!this.#links.delete(id)) return
    this.#puller.handleClosed(id)
    this.#drain(now)
  }

  /** Bytes from a neighbour: one frame. */
  handleFrame(id: string, bytes: Uint8Array, now: number): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    const frame = decodeFrame(bytes)
    switch (frame?.type) {
      case undefined:
        this.#close(link, 'it sent what is no frame')
        break
      case 'digest':
        this.#send(link, link.handleDigest(frame, now))
        break
      case 'compare':
        this.#send(link, link.handleCompare(frame, now))
        break
      case 'list':
        this.#send(link, link.handleList(frame, now))
        break
      case 'want':
        this.#send(link, link.handleWant(frame.fingerprints, now))
        break
      case 'records':
        this.#handleRecords(link, frame, now)
        break
    }
    this.#drain(now)
  }

  /** A record of a neighbour's is opened and verified. */
  handleOpened(arrival: RecordArrival, known: KnownRecord, now: number): RecordVerdict {
    const { fingerprint, neighbour, remainingMs, isAnswer } = arrival
    this.#puller.handleSettled(fingerprint)
    const link = this.#links.get(arrival.link)
    const isItsOwn = known.peerId === link?.remotePeer
    const isOurs = known.peerId === this.#options.localPeer
    // Whose connection has ended meanwhile may still have said goodbye; what else nobody asked for is nobody's business.
    // It is not refused from those whom we ask: or who pushes a record first would keep it from us.
    if (!isAnswer && !isItsOwn && !isOurs && !known.record.gone) return 'stale'
    if (isItsOwn && !isAnswer) link.remoteInstance = known.record.instance
    const source = { neighbour, remainingMs, makesRoom: isItsOwn }
    const verdict = this.#take(known, source, arrival.link, now)
    if (verdict === 'stale' && isItsOwn) this.#showNewer(link, now)
    this.#drain(now)
    return verdict
  }

  /** A record of a neighbour's says nothing new; nobody has verified it. */
  handleStale(arrival: RecordArrival, peerId: string, record: PresenceRecord, now: number): void {
    this.#puller.handleSettled(arrival.fingerprint)
    if (!this.table.mayCountAgain(peerId, record, now)) this.#refuse(arrival.fingerprint)
    const link = this.#links.get(arrival.link)
    if (link !== undefined && peerId === link.remotePeer && !arrival.isAnswer) {
      link.remoteInstance = record.instance
      this.#showNewer(link, now)
    }
    this.#drain(now)
  }

  /** A record of a neighbour's is of a version that we do not know, and the neighbour may: nothing is wrong with it. */
  handleForeign({ fingerprint }: RecordArrival, now: number): void {
    this.#puller.handleSettled(fingerprint)
    this.#refuse(fingerprint)
    this.#drain(now)
  }

  /** What a neighbour gave for a record is none: it verifies all that it keeps, so this is its own doing. */
  handleUnsound(arrival: RecordArrival, now: number): void {
    this.#puller.handleSettled(arrival.fingerprint)
    const link = this.#links.get(arrival.link)
    if (link !== undefined) this.#close(link, 'it sent what is no record of this room')
    this.#drain(now)
  }

  /** A verified record that was said to the whole room; `neighbour` passed it on. */
  handlePublished(known: KnownRecord, neighbour: string, now: number): RecordVerdict {
    const verdict = this.#take(known, { neighbour, makesRoom: true }, undefined, now)
    this.#drain(now)
    return verdict
  }

  /** Somebody listens to what is said to the whole room. We say our record there once. */
  handleAudience(now: number): void {
    if (!this.#isPublished) this.#publishAt = Math.min(this.#publishAt, now + SETTLE_MS)
  }

  handleTimeout(now: number): void {
    this.table.handleTimeout(now)
    this.#puller.handleTimeout(now)
    if (now >= this.#sealAt) this.#seal(now)
    if (now >= this.#publishAt) this.#publish()
    for (const link of this.#links.values()) {
      this.#send(link, link.handleTimeout(now, this.#maxIntervalMs))
    }
    this.#drain(now)
  }

  /** Says goodbye, where anybody was told of us: one more record is to be sealed, and there is nothing after it. */
  handleClose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#sealAt = Number.POSITIVE_INFINITY
    this.#publishAt = Number.POSITIVE_INFINITY
    const isKnown = this.#said > 0 || this.table.entry(this.#options.localPeer) !== undefined
    if (isKnown) this.#askForSeal(true)
  }

  pollOutput(): PresenceOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    let next = Math.min(
      this.#sealAt,
      this.#publishAt,
      this.#puller.pollTimeout(),
      this.table.pollTimeout() ?? Number.POSITIVE_INFINITY
    )
    for (const link of this.#links.values()) next = Math.min(next, link.pollTimeout())
    return Number.isFinite(next) ? next : undefined
  }

  /** Records of ours since we came into the room. */
  get #said(): number {
    return this.#sequence - (this.#options.sequence ?? 0)
  }

  get #maxIntervalMs(): number {
    return Math.min(this.#ttlMs / INTERVALS_PER_TTL, MAX_INTERVAL_MS)
  }

  #handleRecords(link: ExchangeLink, { held, absent }: RecordsFrame, now: number): void {
    for (const { sealed, remainingMs } of held) {
      const fingerprint = fingerprintOf(sealed)
      const isAnswer = this.#puller.handleAnswer(link.id, fingerprint)
      if (!isAnswer && !link.allowsUnasked(now)) {
        this.#close(link, 'it sends more than it is asked for')
        return
      }
      this.#outputs.push({
        type: 'open',
        arrival: { link: link.id, neighbour: link.remotePeer, fingerprint, remainingMs, isAnswer },
        sealed
      })
    }
    for (const fingerprint of absent) {
      if (this.#puller.handleAnswer(link.id, fingerprint)) this.#puller.handleSettled(fingerprint)
    }
  }

  /** Puts a record into the table and tells the other neighbours of it. */
  #take(known: KnownRecord, source: RecordSource, from: string | undefined, now: number): RecordVerdict {
    const isUrgent = this.#isUrgent(this.table.entry(known.peerId), now)
    const verdict = this.table.handleRecord(known, source, now)
    if (verdict !== 'accepted' && verdict !== 'renewed') {
      // What failed by its remaining time alone may come from another neighbour, with more.
      const isOpen = verdict === 'stale' && this.table.mayCountAgain(known.peerId, known.record, now)
      if (!isOpen) this.#refuse(known.fingerprint)
      return verdict
    }
    // In a room larger than our table everybody forgets somebody else: that is no news for others.
    const isNews = verdict === 'accepted' ? !this.table.isFull : isUrgent
    for (const link of this.#links.values()) {
      if (link.remotePeer === known.peerId) this.#showNewer(link, now)
      else if (link.id !== from) link.tell(known.fingerprint, isNews, now)
    }
    return verdict
  }

  /** A renewal has time to cross the room at leisure, as long as what it renews does not expire on its way. */
  #isUrgent(before: TableEntry | undefined, now: number): boolean {
    return before !== undefined && before.expiresAt - now < URGENT_INTERVALS * this.#maxIntervalMs
  }

  /** To gossipsub and libp2p two processes of one identity are one peer: the older learns of the newer here. */
  #showNewer(link: ExchangeLink, now: number): void {
    const entry = this.table.entry(link.remotePeer)
    if (entry === undefined || link.remoteInstance === undefined) return
    if (compareInstances(entry.known.record.instance, link.remoteInstance) <= 0) return
    this.#show(link, entry.known, entry.expiresAt - now)
  }

  #show(link: ExchangeLink, { sealed }: KnownRecord, remainingMs: number): void {
    this.#send(link, [{ type: 'records', held: [{ sealed, remainingMs }], absent: [] }])
  }

  #seal(now: number): void {
    const { ttlMs, random } = this.#options
    this.#ttlMs = Math.min(Math.max(ttlMs, this.table.size * TTL_PER_MEMBER_MS), MAX_TTL_MS)
    this.#sealedAt = now
    this.#sealAt = now + this.#ttlMs * (RENEWAL + RENEWAL_JITTER * (2 * random() - 1))
    this.#askForSeal(false)
  }

  #askForSeal(gone: boolean): void {
    this.#outputs.push({ type: 'seal', sequence: ++this.#sequence, ttlMs: this.#ttlMs, gone })
  }

  #publish(): void {
    const own = this.table.entry(this.#options.localPeer)
    if (own === undefined) {
      this.#publishAt += SETTLE_MS
      return
    }
    this.#isPublished = true
    this.#publishAt = Number.POSITIVE_INFINITY
    this.#tellAll(own.known)
  }

  #tellAll({ sealed }: KnownRecord): void {
    this.#outputs.push({ type: 'publish', sealed })
  }

  #refuse(fingerprint: string): void {
    if (!this.table.has(fingerprint)) this.#refused.add(fingerprint)
    if (this.#refused.size > MAX_REFUSED) {
      const [oldest] = this.#refused
      if (oldest !== undefined) this.#refused.delete(oldest)
    }
  }

  #close(link: ExchangeLink, reason: string): void {
    this.#links.delete(link.id)
    this.#puller.handleClosed(link.id)
    this.#outputs.push({ type: 'close', link: link.id, reason })
  }

  #send(link: ExchangeLink, frames: readonly ExchangeFrame[]): void {
    for (const frame of frames) {
      this.#outputs.push({ type: 'send', link: link.id, frame: encodeFrame(frame) })
    }
  }

  /** Hands on what the table has to tell, and asks for what is needed now. */
  #drain(now: number): void {
    for (let output = this.table.pollOutput(); output !== undefined; output = this.table.pollOutput()) {
      if (output.type === 'superseded') {
        if (this.#isSuperseded) continue
        this.#isSuperseded = true
      }
      this.#outputs.push(output)
    }
    for (const { link, fingerprints } of this.#puller.poll(now)) {
      this.#outputs.push({
        type: 'send',
        link,
        frame: encodeFrame({ type: 'want', fingerprints })
      })
    }
  }
}
