import type { SignalingPath } from '../path.ts'
import { sharesIntermediary, type Lane } from './lane.ts'
import type { PathStats } from './path-stats.ts'

/** Nothing is hedged or repeated faster. */
export const MIN_HEDGE_MS = 50

/** Round trips after which a direct path, which has nobody in between, is hedged. */
const DIRECT_HEDGE_RTTS = 2

/** Relayed lanes that message 1 takes at once, and a further one while it is likely that those lead nowhere. */
const AT_ONCE = 2
const MAX_AT_ONCE = 3

/** … likelier than once in so many dials. */
const DIALS_WITHOUT_FAILURE = 20

/** An answer that is not here after so many times the RTT of the first has been lost, or delayed to no use. */
const AWAITED_RTTS = 2

/** Lanes that one dial uses beside the room, however many intermediaries a peer names. */
const MAX_LANES = 6

/** What it takes to reach an intermediary that has to be dialed first: four or five round trips of 100 ms. */
const COLD_MS = 750

/** How long the room is left alone while another path has the message. */
const BROADCAST_HEDGE_MS = 500

/** First repetition on a lane, doubled each time up to the maximum. */
const RETRANSMIT_MS = 400
const MAX_RETRANSMIT_MS = 2000

/** On a path that everybody pays for: seconds apart, and few a dial. */
const BROADCAST_RETRANSMIT_MS = 2000
const MAX_BROADCASTS = 4

/** When no path reaches the peer, or one refuses: look again. */
const RETRY_MS = 100

/** A repetition that the other side provoked is not sent sooner after the last. */
const MIN_GAP_MS = 200
const BROADCAST_MIN_GAP_MS = 1000

interface Progress {
  sends: number
  dueAt: number
  lastSentAt: number
}

/** A lane along which the answer to a dial may come, too. */
export interface AwaitedLane {
  readonly lane: Lane
  readonly sentAt: number
  /** Message 1 went along it once: what comes tells the RTT. */
  readonly isMeasurable: boolean
  /** Later it is of no use. */
  readonly until: number
}

/**
 * When message 1 goes out on which lane: at once on two that share no intermediary, or three where dials have
 * shown that two may not do, soon on further ones, again with growing pauses, and late and rarely on a broadcast path. A
 * direct path has no intermediary at all, so the others wait a moment there, unless it takes nothing: almost every dial
 * to a neighbour is answered before that.
 */
export class HandshakeSchedule {
  readonly #paths: readonly SignalingPath[]
  readonly #peer: string
  readonly #stats: PathStats
  readonly #progress = new Map<string, Progress>()
  #firstSentAt: number | undefined
  /** It went out on more lanes at once than are answered at once. */
  #isWide = false
  #pollAt: number

  constructor(paths: readonly SignalingPath[], peer: string, stats: PathStats, now: number) {
    this.#paths = paths
    this.#peer = peer
    this.#stats = stats
    this.#pollAt = now
  }

  /** Whether it has gone out at all. */
  get hasSent(): boolean {
    return this.#firstSentAt !== undefined
  }

  /** The lanes on which message 1 is due now. They count as used: `failed()` says where that is wrong. */
  pollOutput(now: number): Lane[] {
    const ranked = this.#ranked()
    this.#pollAt = ranked.length === 0 ? now + RETRY_MS : Infinity
    if (this.#firstSentAt === undefined) {
      this.#isWide = this.#atOnce(ranked) > AT_ONCE
    }
    const due: Lane[] = []
    for (const [rank, lane] of ranked.entries()) {
      const at = this.#dueAt(lane, rank, ranked, now)
      if (at <= now) {
        due.push(lane)
        this.#sent(lane, now)
      } else {
        this.#pollAt = Math.min(this.#pollAt, at)
      }
    }
    for (const { name } of due) {
      this.#pollAt = Math.min(this.#pollAt, this.#progress.get(name)!.dueAt)
    }
    return due
  }

  pollTimeout(): number {
    return this.#pollAt
  }

  /** The lane refused it. */
  failed({ name }: Lane, now: number): void {
    const progress = this.#progress.get(name)
    if (progress !== undefined) {
      progress.sends--
      progress.dueAt = now + RETRY_MS
      this.#pollAt = Math.min(this.#pollAt, progress.dueAt)
    }
  }

  /** The other side gave a reason to send along this lane once more. `at-once` only where it can do so but once. */
  resend({ name, path }: Lane, now: number, when: 'soon' | 'at-once' = 'soon'): void {
    const gapMs = when === 'at-once' ? 0 : path.kind === 'broadcast' ? BROADCAST_MIN_GAP_MS : MIN_GAP_MS
    const progress = this.#progress.get(name) ?? { sends: 0, dueAt: now, lastSentAt: -Infinity }
    progress.dueAt = Math.min(progress.dueAt, Math.max(now, progress.lastSentAt + gapMs))
    this.#progress.set(name, progress)
    this.#pollAt = Math.min(this.#pollAt, progress.dueAt)
  }

  /** How long ago message 1 was last sent along the lane: the RTT, where it was sent once. */
  rttMs({ name }: Lane, now: number): number | undefined {
    const progress = this.#progress.get(name)
    return progress?.sends === 1 ? now - progress.lastSentAt : undefined
  }

  /** The answer has come along `winner`: on which other lanes it may still come. The room's is not waited for. */
  awaited(winner: Lane, now: number): AwaitedLane[] {
    const rttMs = this.rttMs(winner, now) ?? this.#stats.rttMs(winner, this.#peer)
    const allowedMs = AWAITED_RTTS * Math.max(MIN_HEDGE_MS, rttMs)
    return this.#ranked().flatMap((lane) => {
      const { sends, lastSentAt: sentAt } = this.#progress.get(lane.name) ?? { sends: 0, lastSentAt: now }
      const isAwaited = sends > 0 && lane.isReady && lane.path.kind !== 'broadcast'
      return isAwaited && lane.name !== winner.name
        ? [{ lane, sentAt, isMeasurable: sends === 1, until: sentAt + allowedMs }]
        : []
    })
  }

  /** Best first; the room is last, and before it what shares its intermediary with a better lane. */
  #ranked(): Lane[] {
    const ranked = this.#stats.rank(this.#paths, this.#peer)
    const lanes = ranked.filter(({ path }) => path.kind !== 'broadcast')
    const isOwn = (lane: Lane, index: number) =>
      !lanes.slice(0, index).some((better) => sharesIntermediary(better, lane))
    return [
      ...lanes.filter(isOwn),
      ...lanes.filter((lane, index) => !isOwn(lane, index)),
      ...ranked.filter(({ path }) => path.kind === 'broadcast')
    ]
  }

  #dueAt({ name, path }: Lane, rank: number, ranked: readonly Lane[], now: number): number {
    const progress = this.#progress.get(name)
    const isBroadcast = path.kind === 'broadcast'
    if (isBroadcast && (progress?.sends ?? 0) >= MAX_BROADCASTS) {
      return Infinity
    }
    if (progress !== undefined) {
      return progress.dueAt
    }
    const start = this.#firstSentAt ?? now
    const [best] = ranked
    if (isBroadcast) {
      return this.#isUnderWay(ranked) ? start + this.#broadcastHedgeMs(best) : start
    }
    if (rank >= MAX_LANES) {
      return Infinity
    }
    const isDirect = best.path.kind === 'direct'
    const atOnce = isDirect ? (this.#progress.get(best.name)?.sends === 0 ? 2 : 1) : this.#atOnce(ranked)
    return start + Math.max(0, rank + 1 - atOnce) * this.#hedgeMs(best, isDirect)
  }

  #atOnce(ranked: readonly Lane[]): number {
    const best = ranked.slice(0, AT_ONCE).filter(({ path }) => path.kind !== 'broadcast')
    const next = ranked.at(AT_ONCE)
    const loss = best.reduce((product, lane) => product * this.#stats.loss(lane, this.#peer), 1)
    const isFurther = next !== undefined && !best.some((lane) => sharesIntermediary(lane, next))
    return isFurther && DIALS_WITHOUT_FAILURE * loss >= 1 ? MAX_AT_ONCE : AT_ONCE
  }

  /** Whether any lane that the room does not pay for has taken it. */
  #isUnderWay(ranked: readonly Lane[]): boolean {
    return ranked.some(
      ({ name, path }) => path.kind !== 'broadcast' && (this.#progress.get(name)?.sends ?? 0) > 0
    )
  }

  /**
   * A further relayed lane joins as soon as an answer should be here, then another: so bad intermediaries cost a dial its
   * own time again, and good ones nobody an envelope. When that is nobody knows in a process's first dial: it is better
   * made at a greater cost than late.
   */
  #hedgeMs(lane: Lane, isDirect: boolean): number {
    const waitMs = isDirect
      ? DIRECT_HEDGE_RTTS * this.#stats.rttMs(lane, this.#peer)
      : (this.#stats.dueMs(lane, this.#peer) ?? MIN_HEDGE_MS)
    const warmMs = Math.max(MIN_HEDGE_MS, waitMs)
    return lane.isReady ? warmMs : warmMs + COLD_MS
  }

  #broadcastHedgeMs(best: Lane): number {
    return Math.max(BROADCAST_HEDGE_MS, 2 * this.#hedgeMs(best, false))
  }

  #sent(lane: Lane, now: number): void {
    this.#firstSentAt ??= now
    const sends = (this.#progress.get(lane.name)?.sends ?? 0) + 1
    this.#progress.set(lane.name, { sends, dueAt: now + this.#pauseMs(lane, sends), lastSentAt: now })
  }

  #pauseMs(lane: Lane, sends: number): number {
    if (lane.path.kind === 'broadcast') {
      return BROADCAST_RETRANSMIT_MS + 1000 * (sends - 1)
    }
    // The peer has answered two of three, perhaps the wrong ones: the third asks again as soon as that can be known.
    const dueMs = this.#stats.dueMs(lane, this.#peer)
    if (this.#isWide && sends === 1 && lane.isReady && dueMs !== undefined) {
      return Math.max(MIN_HEDGE_MS, dueMs)
    }
    const firstMs = Math.max(RETRANSMIT_MS, 2 * this.#stats.rttMs(lane, this.#peer))
    return Math.min(MAX_RETRANSMIT_MS, (lane.isReady ? firstMs : firstMs + COLD_MS) * 2 ** (sends - 1))
  }
}
