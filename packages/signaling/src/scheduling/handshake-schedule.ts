import type { SignalingPath } from '../path.ts'
import type { PathStats } from './path-stats.ts'

/** Nothing is hedged or repeated faster. */
export const MIN_HEDGE_MS = 50

/** How long a direct path, which has nobody in between, is given before the room is bothered. */
const BROADCAST_HEDGE_MS = 500

/** A third path and each further one join after as long again. */
const FURTHER_PATH_MS = 1000

/** First repetition on a path, doubled each time up to the maximum. */
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

/**
 * When message 1 goes out on which path: at once on two that share no intermediary, again with growing pauses, and
 * rarely on a broadcast path. A direct path has no intermediary at all, so the second one waits a moment there, unless
 * the direct one takes nothing: almost every dial to a neighbour is answered before that, and nobody else ever hears
 * of it.
 */
export class HandshakeSchedule {
  readonly #paths: readonly SignalingPath[]
  readonly #peer: string
  readonly #stats: PathStats
  readonly #progress = new Map<string, Progress>()
  #firstSentAt: number | undefined
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

  /** The paths on which message 1 is due now. They count as used: `failed()` says where that is wrong. */
  pollOutput(now: number): SignalingPath[] {
    const ranked = this.#stats.rank(this.#paths, this.#peer)
    this.#pollAt = ranked.length === 0 ? now + RETRY_MS : Infinity
    const due: SignalingPath[] = []
    for (const [rank, path] of ranked.entries()) {
      const at = this.#dueAt(path, rank, ranked, now)
      if (at <= now) {
        due.push(path)
        this.#sent(path, now)
      } else {
        this.#pollAt = Math.min(this.#pollAt, at)
      }
    }
    for (const path of due) {
      this.#pollAt = Math.min(this.#pollAt, this.#progress.get(path.name)!.dueAt)
    }
    return due
  }

  pollTimeout(): number {
    return this.#pollAt
  }

  /** The path refused it. */
  failed(path: string, now: number): void {
    const progress = this.#progress.get(path)
    if (progress !== undefined) {
      progress.sends--
      progress.dueAt = now + RETRY_MS
      this.#pollAt = Math.min(this.#pollAt, progress.dueAt)
    }
  }

  /** The other side gave a reason to send along this path once more. `at-once` only where it can do so but once. */
  resend(path: string, now: number, when: 'soon' | 'at-once' = 'soon'): void {
    const isBroadcast = this.#paths.some(({ name, kind }) => name === path && kind === 'broadcast')
    const gapMs = when === 'at-once' ? 0 : isBroadcast ? BROADCAST_MIN_GAP_MS : MIN_GAP_MS
    const progress = this.#progress.get(path) ?? { sends: 0, dueAt: now, lastSentAt: -Infinity }
    progress.dueAt = Math.min(progress.dueAt, Math.max(now, progress.lastSentAt + gapMs))
    this.#progress.set(path, progress)
    this.#pollAt = Math.min(this.#pollAt, progress.dueAt)
  }

  /** How long ago message 1 was last sent along the path: the RTT, where it was sent once. */
  rttMs(path: string, now: number): number | undefined {
    const progress = this.#progress.get(path)
    return progress?.sends === 1 ? now - progress.lastSentAt : undefined
  }

  #dueAt(path: SignalingPath, rank: number, ranked: readonly SignalingPath[], now: number): number {
    const progress = this.#progress.get(path.name)
    if (path.kind === 'broadcast' && (progress?.sends ?? 0) >= MAX_BROADCASTS) {
      return Infinity
    }
    if (progress !== undefined) {
      return progress.dueAt
    }
    const start = this.#firstSentAt ?? now
    if (rank < 2) {
      const [best] = ranked
      const waits = best.kind === 'direct' && best !== path && this.#progress.get(best.name)?.sends !== 0
      return waits ? start + this.#hedgeMs(path) : start
    }
    return start + (rank - 1) * FURTHER_PATH_MS
  }

  #hedgeMs(path: SignalingPath): number {
    return path.kind === 'broadcast'
      ? BROADCAST_HEDGE_MS
      : Math.max(MIN_HEDGE_MS, 2 * this.#stats.rttMs(path.name, this.#peer))
  }

  #sent(path: SignalingPath, now: number): void {
    this.#firstSentAt ??= now
    const sends = (this.#progress.get(path.name)?.sends ?? 0) + 1
    const pause =
      path.kind === 'broadcast'
        ? BROADCAST_RETRANSMIT_MS + 1000 * (sends - 1)
        : Math.min(MAX_RETRANSMIT_MS, RETRANSMIT_MS * 2 ** (sends - 1))
    this.#progress.set(path.name, { sends, dueAt: now + pause, lastSentAt: now })
  }
}
