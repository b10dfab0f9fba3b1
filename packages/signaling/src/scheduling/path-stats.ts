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

/** Variation assumed of what was measured once, as a part of the RTT: answers come in bursts, not by chance. */
const INITIAL_VARIATION = 1 / 16

/** What a lost packet adds to a lane's cost, so that others are tried first; forgotten with the next success. */
const LOSS_PENALTY = 15
const MAX_PENALTY = 60

/**
 * How likely a lane leads nowhere, where nothing is known of any of its kind: so little that two are enough until a dial
 * has shown that they are not, and hardly less.
 */
const UNKNOWN_LOSS = 1 / 5

/** Weight of one more dial in that: of a lane and its intermediary, who may change their ways, and of the path. */
const LOSS_GAIN = 1 / 2
const PATH_LOSS_GAIN = 1 / 3

/**
 * What a lane through an intermediary costs at most for what was lost there, for other peers, too: less than any
 * difference between paths, because it may have been the peer who did not answer.
 */
const MAX_LOSS_COST = 8

/** An intermediary that has to be dialed first comes after others of which as much is known. */
const COLD_COST = 4

interface Stats {
  rttMs: number | undefined
  variationMs: number
  penalty: number
  loss: number | undefined
}

/**
 * RTT and losses of each lane to each peer, of each intermediary, and of each path: what is not known of the first is
 * assumed from the next. It orders lanes, and says how many of them a dial should not do without; nobody is blamed for
 * anything here. Bounded; what was used longest ago is forgotten.
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

  /** When an answer should be here: hardly any comes later. Undefined where nothing of the kind has been measured. */
  dueMs(lane: Lane, peer: string): number | undefined {
    const { rttMs, variationMs = 0 } = this.#measured(lane, peer) ?? {}
    return rttMs === undefined ? undefined : rttMs + 2 * variationMs
  }

  /** How likely it is that nothing comes back of what goes along the lane, from 0 to 1. */
  loss(lane: Lane, peer: string): number {
    return this.#assumedLoss(keysOf(lane, peer))
  }

  /** An ack came. `rttMs` where it is known which sending it answers. */
  succeeded(lane: Lane, peer: string, rttMs: number | undefined): void {
    this.#credit(lane, peer, rttMs)
    this.#learn(lane, peer, 0, 'intermediary')
  }

  /** Nothing came back in time, or the lane took nothing: which may be because the peer has gone. */
  failed(lane: Lane, peer: string): void {
    this.#penalize(lane, peer)
    this.#learn(lane, peer, 1, 'intermediary')
  }

  /** The answer to a dial came along this lane, be it first or not. `rttMs` where it is known. */
  answered(lane: Lane, peer: string, rttMs: number | undefined): void {
    this.#credit(lane, peer, rttMs)
    this.#learn(lane, peer, 0, 'all')
  }

  /** The peer is there, but this lane has lost message 1, or message 2. */
  unanswered(lane: Lane, peer: string): void {
    this.#penalize(lane, peer)
    this.#learn(lane, peer, 1, 'all')
  }

  /** The lanes that reach the peer, best first: the cheapest, then those that need not be dialed. */
  rank(paths: readonly SignalingPath[], peer: string): Lane[] {
    const cost = (lane: Lane): number =>
      lane.path.cost +
      (this.#stats.get(laneKey(lane, peer))?.penalty ?? 0) +
      // In steps, so that of those that are all good none is used alone.
      (lane.via === undefined ? 0 : Math.floor(MAX_LOSS_COST * this.loss(lane, peer))) +
      (lane.isReady ? 0 : COLD_COST)
    return lanesTo(peer, paths).toSorted((a, b) => cost(a) - cost(b))
  }

  /** The most specific that has been measured. */
  #measured(lane: Lane, peer: string): Stats | undefined {
    const all = keysOf(lane, peer).map((key) => this.#stats.get(key))
    return all.find((stats) => stats?.rttMs !== undefined)
  }

  /** The first of these keys of which anything is known decides. */
  #assumedLoss(keys: readonly string[]): number {
    return keys.map((key) => this.#stats.get(key)?.loss).find((loss) => loss !== undefined) ?? UNKNOWN_LOSS
  }

  #credit(lane: Lane, peer: string, rttMs: number | undefined): void {
    for (const key of keysOf(lane, peer)) {
      const stats = this.#touch(key)
      stats.penalty = 0
      if (rttMs !== undefined && lane.isReady) {
        measure(stats, rttMs)
      }
    }
  }

  #penalize(lane: Lane, peer: string): void {
    const stats = this.#touch(laneKey(lane, peer))
    stats.penalty = Math.min(MAX_PENALTY, stats.penalty + LOSS_PENALTY)
  }

  /** What is new begins as what is known of its kind. */
  #learn(lane: Lane, peer: string, lost: 0 | 1, scope: 'intermediary' | 'all'): void {
    const keys = keysOf(lane, peer)
    for (const [index, key] of keys.entries()) {
      if (scope === 'all' || (lane.via !== undefined && key === lane.name)) {
        const before = this.#assumedLoss(keys.slice(index))
        const gain = key === lane.path.name ? PATH_LOSS_GAIN : LOSS_GAIN
        this.#touch(key).loss = before + gain * (lost - before)
      }
    }
  }

  #touch(key: string): Stats {
    const stats = this.#stats.get(key) ?? { rttMs: undefined, variationMs: 0, penalty: 0, loss: undefined }
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
