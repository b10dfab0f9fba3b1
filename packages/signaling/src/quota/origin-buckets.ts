import { TokenBucket } from './token-bucket.ts'

/**
 * A bucket for each origin: whoever floods is slowed down, nobody else. Bounded: a full bucket is as good as none and
 * goes first; where all are in use, the one unused longest does.
 */
export class OriginBuckets {
  readonly #burst: number
  readonly #perSecond: number
  readonly #capacity: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(burst: number, perSecond: number, capacity: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#capacity = capacity
  }

  /** Origins that are told apart now. */
  get size(): number {
    return this.#buckets.size
  }

  take(origin: string, now: number, count = 1): boolean {
    const bucket = this.#buckets.get(origin) ?? new TokenBucket(this.#burst, this.#perSecond, now)
    this.#buckets.delete(origin)
    this.#buckets.set(origin, bucket)
    if (this.#buckets.size > this.#capacity) {
      this.#evict(now)
    }
    return bucket.take(now, count)
  }

  /** Whether the next `take()` would be refused. */
  isEmpty(origin: string, now: number): boolean {
    return this.#buckets.get(origin)?.isEmpty(now) ?? false
  }

  /** When half of the burst will be there: whoever has used it up may well wait so long. */
  recoveredAt(origin: string, now: number): number {
    return this.#buckets.get(origin)?.nextAt(now, this.#burst / 2) ?? now
  }

  #evict(now: number): void {
    const [oldest] = this.#buckets.keys()
    this.#buckets.delete(oldest)
    for (const [origin, bucket] of this.#buckets) {
      if (!bucket.isFull(now)) {
        return
      }
      this.#buckets.delete(origin)
    }
  }
}
