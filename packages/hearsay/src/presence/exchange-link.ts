import { TokenBucket } from '@hearsay/signaling'
import { MAX_LISTED, MAX_PART_BITS, MIN_PART_BITS } from './exchange-frame.ts'
import { Trickle } from './trickle.ts'
import type { CompareFrame, DigestFrame, ExchangeFrame, HeldRecord, ListFrame } from './exchange-frame.ts'
import type { PresenceTable } from './presence-table.ts'
import type { RecordPuller } from './record-puller.ts'

export interface ExchangeLinkInit {
  readonly id: string
  /** Peer ID of the neighbour, as the connection has proven it. */
  readonly remotePeer: string
  /** We opened the connection: of two that differ one begins. */
  readonly isInitiator: boolean
  readonly table: PresenceTable
  readonly puller: RecordPuller
  readonly random: () => number
}

/** News is told after half of this at the soonest, in milliseconds: what comes together is told together. */
const MIN_INTERVAL_MS = 100

/** One digest of the neighbour's that agrees with ours makes ours needless: a link needs one an interval, not two. */
const REDUNDANCY = 1

/** News kept for one neighbour; with more, tables are compared instead. */
const MAX_UNTOLD = 4_096

/** Records that one part of a compared table holds on average. */
const RECORDS_PER_PART = 16

/** Records in one answer end with the one that passes this, in bytes: the next answer may be to another neighbour. */
const ANSWER_BYTES = 32 * 1024

/** What counts for less time than that is not worth passing on, and would count for none at the other end. */
const MIN_REMAINING_MS = 1_000

/** Records that a neighbour may ask for: a large table twice over at once, then so many a second. */
const SERVED_BURST = 16_384
const SERVED_PER_SECOND = 64

/** Comparisons and lists that a neighbour may send: each makes us go over the whole table. */
const COMPARED_BURST = 64
const COMPARED_PER_SECOND = 1

/** Records that a neighbour may send unasked: its own, and those of newer processes of ours. */
const UNASKED_BURST = 16
const UNASKED_PER_SECOND = 2

/** What one neighbour and we know of each other's tables: a sans-IO core that is given frames and gives frames back. */
export class ExchangeLink {
  readonly id: string
  readonly remotePeer: string
  /** The instance of the process at the other end, as its own record says. */
  remoteInstance: Uint8Array | undefined
  readonly #init: ExchangeLinkInit
  readonly #trickle: Trickle
  readonly #served: TokenBucket
  readonly #compared: TokenBucket
  readonly #unasked: TokenBucket
  /** Fingerprints of what the neighbour may not know of. */
  readonly #untold = new Set<string>()
  #isCompared = false
  /** Digests of the two tables that were compared last: what still differs then remains so. */
  #settled = ''
  #mismatches = 0

  constructor(init: ExchangeLinkInit, now: number) {
    this.#init = init
    this.id = init.id
    this.remotePeer = init.remotePeer
    this.#trickle = new Trickle(
      { minIntervalMs: MIN_INTERVAL_MS, redundancy: REDUNDANCY, random: init.random },
      now
    )
    this.#served = new TokenBucket(SERVED_BURST, SERVED_PER_SECOND, now)
    this.#compared = new TokenBucket(COMPARED_BURST, COMPARED_PER_SECOND, now)
    this.#unasked = new TokenBucket(UNASKED_BURST, UNASKED_PER_SECOND, now)
  }

  /** Whether the neighbour may send one more record unasked. */
  allowsUnasked(now: number): boolean {
    return this.#unasked.take(now)
  }

  /** There is a record that the neighbour may not know of. News is told at once, a renewal when it suits. */
  tell(fingerprint: string, isNews: boolean, now: number): void {
    this.#untold.add(fingerprint)
    if (this.#untold.size > MAX_UNTOLD) {
      this.#untold.clear()
      this.#isCompared = false
    }
    if (isNews) this.#trickle.handleInconsistent(now)
  }

  /** What our table comes to, with all that is untold. */
  digests(): DigestFrame[] {
    const { table } = this.#init
    const untold = [...this.#untold].filter((fingerprint) => table.has(fingerprint))
    this.#untold.clear()
    const digests: DigestFrame[] = []
    do {
      digests.push({
        type: 'digest',
        records: table.recordsDigest,
        members: table.membersDigest,
        count: table.count,
        news: untold.splice(0, MAX_LISTED)
      })
    } while (untold.length > 0)
    return digests
  }

  handleDigest(digest: DigestFrame, now: number): ExchangeFrame[] {
    const { table, puller, isInitiator } = this.#init
    let isNews = false
    for (const fingerprint of digest.news) {
      this.#untold.delete(fingerprint)
      if (puller.handleOffer(this.id, fingerprint)) isNews = true
    }
    if (!this.#isCompared) {
      this.#isCompared = true
      if (digest.records === table.recordsDigest) this.#trickle.handleConsistent()
      else if (isInitiator && !table.isFull) return [this.#compare(digest)]
      return []
    }
    // What is under way to the one or the other will make them equal.
    if (isNews || this.#untold.size > 0) return []
    const pair = `${table.membersDigest} ${digest.members}`
    if (digest.members === table.membersDigest || pair === this.#settled || table.isFull) {
      this.#mismatches = 0
      this.#trickle.handleConsistent()
      return []
    }
    this.#trickle.handleInconsistent(now)
    // Once may be chance: something reached the one a moment before the other.
    if (++this.#mismatches < 2) return []
    this.#mismatches = 0
    this.#settled = pair
    return isInitiator ? [this.#compare(digest)] : []
  }

  /** Answers with what is in the parts that differ. */
  handleCompare({ parts }: CompareFrame, now: number): ListFrame[] {
    if (!this.#compared.take(now)) return []
    const bits = Math.log2(parts.length)
    const ours = this.#init.table.parts(bits)
    const found = this.#init.table.fingerprintsByPart(bits, (part) => ours[part] !== parts[part])
    const lists: ListFrame[] = []
    let list: { type: 'list'; parts: Uint8Array; fingerprints: string[] } | undefined
    for (let part = 0; part < parts.length; part++) {
      if (ours[part] === parts[part]) continue
      const fingerprints = (found.get(part) ?? []).slice(0, MAX_LISTED)
      if (list === undefined || list.fingerprints.length + fingerprints.length > MAX_LISTED) {
        list = { type: 'list', parts: new Uint8Array(parts.length / 8), fingerprints: [] }
        lists.push(list)
      }
      list.parts[part >> 3] = (list.parts[part >> 3] ?? 0) | (1 << (part & 7))
      list.fingerprints.push(...fingerprints)
    }
    return lists
  }

  /** Notes what the neighbour has and we have not, and tells it what we have and it has not. */
  handleList({ parts, fingerprints }: ListFrame, now: number): ExchangeFrame[] {
    if (!this.#compared.take(now)) return []
    const { table, puller } = this.#init
    const theirs = new Set(fingerprints)
    // What would find no place is not worth fetching: in a room larger than our table that may be nearly all.
    let { room } = table
    for (const fingerprint of theirs) {
      if (room === 0) break
      if (puller.handleOffer(this.id, fingerprint)) room--
    }
    const bits = Math.log2(parts.length * 8)
    const ours = table.fingerprintsByPart(bits, (part) => ((parts[part >> 3] ?? 0) & (1 << (part & 7))) !== 0)
    const missing = [...ours.values()].flat().filter((fingerprint) => !theirs.has(fingerprint))
    for (const fingerprint of missing) this.tell(fingerprint, true, now)
    return missing.length > 0 ? this.digests() : []
  }

  handleWant(fingerprints: readonly string[], now: number): ExchangeFrame[] {
    if (!this.#served.take(now, fingerprints.length)) return []
    const frames: ExchangeFrame[] = []
    const absent: string[] = []
    let held: HeldRecord[] = []
    let bytes = 0
    for (const fingerprint of new Set(fingerprints)) {
      const entry = this.#init.table.byFingerprint(fingerprint)
      if (entry === undefined || entry.expiresAt < now + MIN_REMAINING_MS) {
        absent.push(fingerprint)
        continue
      }
      const { sealed } = entry.known
      held.push({ sealed, remainingMs: entry.expiresAt - now })
      bytes += sealed.length
      this.#untold.delete(fingerprint)
      if (bytes < ANSWER_BYTES) continue
      frames.push({ type: 'records', held, absent: [] })
      held = []
      bytes = 0
    }
    if (held.length > 0 || absent.length > 0) frames.push({ type: 'records', held, absent })
    return frames
  }

  handleTimeout(now: number, maxIntervalMs: number): DigestFrame[] {
    const verdict = this.#trickle.handleTimeout(now, maxIntervalMs)
    if (verdict === 'speak' || (verdict === 'suppressed' && this.#untold.size > 0)) return this.digests()
    return []
  }

  pollTimeout(): number {
    return this.#trickle.pollTimeout()
  }

  #compare({ count }: DigestFrame): CompareFrame {
    const { table } = this.#init
    const bits = Math.ceil(Math.log2(Math.max(table.count, count, 1) / RECORDS_PER_PART))
    return {
      type: 'compare',
      parts: table.parts(Math.min(Math.max(bits, MIN_PART_BITS), MAX_PART_BITS))
    }
  }
}
