import { bytesKey, compareBytes } from '../bytes.ts'
import type { AwaitedLane } from './handshake-schedule.ts'
import type { Lane } from './lane.ts'
import type { PathStats } from './path-stats.ts'

/** Dials that are looked back upon at the same time: more than are under way at once. */
const MAX_REVIEWS = 64

/** Message 2 goes back at once along so many lanes: that it did not come along a further one means nothing. */
const ANSWERED_LANES = 2

interface Review {
  readonly peer: string
  readonly message2: Uint8Array
  readonly awaited: AwaitedLane[]
  /** Lanes along which it has come. */
  answers: number
}

/**
 * Looks back on dials that have been answered: along which other lanes the same answer came, and along which it did not.
 * Nobody waits for that; it tells later dials which lanes lead somewhere. It has no timer: what is overdue is settled
 * when somebody asks.
 */
export class AnswerReview {
  readonly #stats: PathStats
  /** By session id, the oldest first. */
  readonly #reviews = new Map<string, Review>()

  constructor(stats: PathStats) {
    this.#stats = stats
  }

  /** A dial has been answered with this message 2, which may come along these other lanes, too. */
  add(session: Uint8Array, peer: string, message2: Uint8Array, awaited: readonly AwaitedLane[]): void {
    this.#reviews.set(bytesKey(session), { peer, message2, awaited: [...awaited], answers: 1 })
    if (this.#reviews.size > MAX_REVIEWS) {
      const [oldest] = this.#reviews.keys()
      this.#reviews.delete(oldest)
    }
  }

  /** A message 2 has come; whether it is one that an answered dial has had already. */
  receive(session: Uint8Array, message2: Uint8Array, lane: Lane | undefined, now: number): boolean {
    const review = this.#reviews.get(bytesKey(session))
    if (review === undefined || compareBytes(review.message2, message2) !== 0) {
      return false
    }
    const index = review.awaited.findIndex(
      (awaited) => awaited.lane.name === lane?.name && now <= awaited.until
    )
    const [found] = index === -1 ? [] : review.awaited.splice(index, 1)
    if (found !== undefined) {
      review.answers++
      this.#stats.answered(found.lane, review.peer, found.isMeasurable ? now - found.sentAt : undefined)
    }
    return true
  }

  /** Holds against lanes what did not come along them in time. */
  settle(now: number): void {
    for (const [key, { peer, awaited, answers }] of this.#reviews) {
      if (awaited.every(({ until }) => until < now)) {
        this.#reviews.delete(key)
        const silent = answers < ANSWERED_LANES ? awaited : []
        for (const { lane } of silent) {
          this.#stats.unanswered(lane, peer)
        }
      }
    }
  }
}
