import type { SignalingPath } from '../path.ts'
import { lanesTo, type Lane } from './lane.ts'

/**
 * RTT assumed where nothing of the kind has been measured, in milliseconds: for the first dial of a process. Too little
 * costs it an envelope or two, too much the time of somebody whose intermediaries are bad.
 */
const INITIAL_RTT_MS = 100

/** Weight of a new sample of RTT and of its variation (RFC 6298's alpha and beta). */
const RTT_GAIN = 1 / 8
const VARIATION_GAIN = 1 / 4

/** Variation assumed of what was measured once, or never, as a part of the RTT: answers come in bursts, not by chance. */
const INITIAL_VARIATION = 1 / 16

/** What a lost packet adds to a lane's cost, so that others are tried first; forgotten with the next success. */
const LOSS_PENALTY = 15
const MAX_PENALTY = 60

/**
 * Of an intermediary, what it lost for one peer counts a little for all others: less than any difference between paths,
 * because it may have been the peer who did not answer.
 */
const INTERMEDIARY_PENALTY = 1
const MAX_INTERMEDIARY_PENALTY = 8

interface Stats {
  rttMs: number | undefined
  variationMs: number
  penalty: number
}

/**
 * RTT and losses of each lane to each peer, of each intermediary, and of each path: what is not known of the first is
 * assumed from the next. It orders lanes; nobody is blamed for anything here. Bounded; what was used longest ago is
 * forgotten.
 */
export class PathStats {
  readonly #capacity: number
  readonly #stats = new Map<string, Stats>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  rttMs(lane: Lane, peer: string): number {
    return this.#measured(lane, peer)?.rttMs ?? INITIAL_RTT_MS
  }

  /** When an answer should be here: hardly any comes later. */
  dueMs(lane: Lane, peer: string): number {
    const { rttMs = INITIAL_RTT_MS, variationMs = INITIAL_VARIATION * INITIAL_RTT_MS } =
      this.#measured(lane, peer) ?? {}
    return rttMs + 2 * variationMs
  }

  /** An answer or an ack came. `rttMs` where it is known which sending it answers. */
  succeeded(lane: Lane, peer: string, rttMs: number | undefined): void {
    for (const key of keysOf(lane, peer)) {
      const stats = this.#touch(key)
      stats.penalty = 0
      if (rttMs !== undefined && lane.isReady) {
        measure(stats, rttMs)
      }
    }
  }

  /** Nothing came back in time, or the lane took nothing. */
  failed(lane: Lane, peer: string): void {
    const stats = this.#touch(laneKey(lane, peer))
    stats.penalty = Math.min(MAX_PENALTY, stats.penalty + LOSS_PENALTY)
    if (lane.via !== undefined) {
      const shared = this.#touch(lane.name)
      shared.penalty = Math.min(MAX_INTERMEDIARY_PENALTY, shared.penalty + INTERMEDIARY_PENALTY)
    }
  }

  /** The lanes that reach the peer, best first: the cheapest, then those that need not be dialed. */
  rank(paths: readonly SignalingPath[], peer: string): Lane[] {
    const cost = (lane: Lane): number =>
      lane.path.cost +
      (this.#stats.get(laneKey(lane, peer))?.penalty ?? 0) +
      (lane.via === undefined ? 0 : (this.#stats.get(lane.name)?.penalty ?? 0)) +
      (lane.isReady ? 0 : MAX_INTERMEDIARY_PENALTY / 2)
    return lanesTo(peer, paths).toSorted((a, b) => cost(a) - cost(b))
  }

  /** The most specific that has been measured. */
  #measured(lane: Lane, peer: string): Stats | undefined {
    const all = keysOf(lane, peer).map((key) => this.#stats.get(key))
    return all.find((stats) => stats?.rttMs !== undefined)
  }

  #touch(key: string): Stats {
    const stats = this.#stats.get(key) ?? { rttMs: undefined, variationMs: 0, penalty: 0 }
    this.#stats.delete(key)
    this.#stats.set(key, stats)
    if (this.#stats.size > this.#capacity) {
      const [oldest] = this.#stats.keys()
      this.#stats.delete(oldest)
    }
    return stats
  }
}

/** RFC 6298, section 2. */
function measure(stats: Stats, rttMs: number): void {
  if (stats.rttMs === undefined) {
    stats.rttMs = rttMs
    stats.variationMs = INITIAL_VARIATION * rttMs
    return
  }
  stats.variationMs += VARIATION_GAIN * (Math.abs(rttMs - stats.rttMs) - stats.variationMs)
  stats.rttMs += RTT_GAIN * (rttMs - stats.rttMs)
}

function laneKey(lane: Lane, peer: string): string {
  return `${lane.name}\n${peer}`
}

/** From the most specific to the most general. */
function keysOf(lane: Lane, peer: string): string[] {
  const general = lane.via === undefined ? [lane.path.name] : [lane.name, lane.path.name]
  return [laneKey(lane, peer), ...general]
}
