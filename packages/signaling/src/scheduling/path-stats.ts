import type { SignalingPath } from '../path.ts'

/** RTT assumed of a path that has not been measured, in milliseconds. */
const INITIAL_RTT_MS = 150

/** Weight of a new RTT sample (RFC 6298's alpha). */
const RTT_GAIN = 1 / 8

/** What a lost packet adds to a path's cost, so that others are tried first; forgotten with the next success. */
const LOSS_PENALTY = 15
const MAX_PENALTY = 60

interface Stats {
  rttMs: number | undefined
  penalty: number
}

/** RTT and losses of each path to each peer. Bounded; what was used longest ago is forgotten. */
export class PathStats {
  readonly #capacity: number
  readonly #stats = new Map<string, Stats>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  rttMs(path: string, peer: string): number {
    return this.#stats.get(`${path}\n${peer}`)?.rttMs ?? INITIAL_RTT_MS
  }

  /** An answer or an ack came. `rttMs` where it is known which sending it answers. */
  succeeded(path: string, peer: string, rttMs: number | undefined): void {
    const stats = this.#touch(path, peer)
    stats.penalty = 0
    if (rttMs !== undefined) {
      stats.rttMs = stats.rttMs === undefined ? rttMs : stats.rttMs + RTT_GAIN * (rttMs - stats.rttMs)
    }
  }

  /** Nothing came back in time, or the path took nothing. */
  failed(path: string, peer: string): void {
    const stats = this.#touch(path, peer)
    stats.penalty = Math.min(MAX_PENALTY, stats.penalty + LOSS_PENALTY)
  }

  /** The paths that reach the peer, best first. */
  rank(paths: readonly SignalingPath[], peer: string): SignalingPath[] {
    const cost = (path: SignalingPath) => path.cost + (this.#stats.get(`${path.name}\n${peer}`)?.penalty ?? 0)
    return paths.filter((path) => path.reaches(peer)).toSorted((a, b) => cost(a) - cost(b))
  }

  #touch(path: string, peer: string): Stats {
    const key = `${path}\n${peer}`
    const stats = this.#stats.get(key) ?? { rttMs: undefined, penalty: 0 }
    this.#stats.delete(key)
    this.#stats.set(key, stats)
    if (this.#stats.size > this.#capacity) {
      const [oldest] = this.#stats.keys()
      this.#stats.delete(oldest)
    }
    return stats
  }
}
