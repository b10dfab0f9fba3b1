import { TokenBucket } from '../quota/token-bucket.ts'
import type { SignalingPath } from '../path.ts'
import type { OutgoingPacket } from '../transport/transport.ts'
import { MIN_HEDGE_MS } from './handshake-schedule.ts'
import type { Lane } from './lane.ts'
import type { PathStats } from './path-stats.ts'

/** First retransmission where there is nothing to hedge on, doubled each time up to the maximum. */
const MIN_RETRANSMIT_MS = 200
const MAX_RETRANSMIT_MS = 5000

/** When no path reaches the peer: look again. */
const NO_PATH_MS = 500

/**
 * What a session may put on a path that everybody pays for: enough for two peers without any other path to trickle a
 * batch or two of candidates each (the offer and the answer carry the first), or to ask for a restart, and no more.
 */
const BROADCAST_BURST = 2
const BROADCAST_PER_SECOND = 0.5
const MAX_BROADCASTS = 12

/** An ack waits for company so long: there, and elsewhere. */
const BROADCAST_ACK_DELAY_MS = 1000
const ACK_DELAY_MS = 25

/** Where a packet goes now, if anywhere, and when it is due again. */
export interface Plan {
  readonly lane: Lane | undefined
  readonly againAt: number
}

/** Which lane each packet of one session takes, and when it goes again: the best one, then hedged on the second. */
export class TransportSchedule {
  readonly #paths: readonly SignalingPath[]
  readonly #peer: string
  readonly #stats: PathStats
  readonly #budget: TokenBucket
  #broadcasts = 0

  constructor(paths: readonly SignalingPath[], peer: string, stats: PathStats, now: number) {
    this.#paths = paths
    this.#peer = peer
    this.#stats = stats
    this.#budget = new TokenBucket(BROADCAST_BURST, BROADCAST_PER_SECOND, now)
  }

  plan({ attempt }: Pick<OutgoingPacket, 'attempt'>, now: number): Plan {
    const ranked = this.#stats.rank(this.#paths, this.#peer)
    const usable = ranked.filter(({ path }) => path.kind !== 'broadcast')
    if (usable.length === 0) {
      return this.#planBroadcast(ranked.at(0), attempt, now)
    }
    const lane = usable[attempt % usable.length]
    const rttMs = this.#stats.rttMs(lane, this.#peer)
    const hedged = attempt === 0 && usable.length > 1
    const pause = hedged
      ? Math.max(MIN_HEDGE_MS, 2 * rttMs)
      : Math.min(MAX_RETRANSMIT_MS, Math.max(MIN_RETRANSMIT_MS, 4 * rttMs) * 2 ** Math.min(attempt, 8))
    return { lane, againAt: now + pause }
  }

  ackDelayMs(arrivalPath: string): number {
    const path = this.#paths.find(({ name }) => name === arrivalPath)
    return path?.kind === 'broadcast' ? BROADCAST_ACK_DELAY_MS : ACK_DELAY_MS
  }

  #planBroadcast(lane: Lane | undefined, attempt: number, now: number): Plan {
    if (lane === undefined) {
      return { lane, againAt: now + NO_PATH_MS }
    }
    if (this.#broadcasts >= MAX_BROADCASTS || !this.#budget.take(now)) {
      return { lane: undefined, againAt: Math.max(now + NO_PATH_MS, this.#budget.nextAt(now)) }
    }
    this.#broadcasts++
    return { lane, againAt: now + 2000 * 2 ** Math.min(attempt, 3) }
  }
}
