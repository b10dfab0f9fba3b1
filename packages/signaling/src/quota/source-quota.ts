import { OriginBuckets } from './origin-buckets.ts'

/** What one source may send: envelopes and bytes, at once and a second. */
export interface SourceQuotaLimits {
  readonly burst: number
  readonly perSecond: number
  readonly bytesBurst: number
  readonly bytesPerSecond: number
  /** Sources whose quota is kept apart. */
  readonly capacity: number
}

/**
 * What sources may send us, each by itself. Who has used up its quota is not read at all until half of it is there
 * again: who floods is then read once in a while, and costs us next to nothing.
 */
export class SourceQuota {
  readonly #capacity: number
  readonly #envelopes: OriginBuckets
  readonly #bytes: OriginBuckets
  readonly #paused = new Map<string, number>()

  constructor({ burst, perSecond, bytesBurst, bytesPerSecond, capacity }: SourceQuotaLimits) {
    this.#capacity = capacity
    this.#envelopes = new OriginBuckets(burst, perSecond, capacity)
    this.#bytes = new OriginBuckets(bytesBurst, bytesPerSecond, capacity)
  }

  /** Sources whose quota is kept apart now. */
  get size(): number {
    return this.#envelopes.size
  }

  /** Whether one more envelope of the source may be looked at. */
  take(source: string, length: number, now: number): boolean {
    if (this.pausedUntil(source, now) > now) {
      return false
    }
    if (this.#envelopes.take(source, now) && this.#bytes.take(source, now, length)) {
      return true
    }
    const until = Math.max(this.#envelopes.recoveredAt(source, now), this.#bytes.recoveredAt(source, now))
    this.#paused.delete(source)
    this.#paused.set(source, until)
    if (this.#paused.size > this.#capacity) {
      const [oldest] = this.#paused.keys()
      this.#paused.delete(oldest)
    }
    return false
  }

  /** Until when nothing of this source is worth reading, on whatever stream; now, where it is. */
  pausedUntil(source: string, now: number): number {
    return Math.max(now, this.#paused.get(source) ?? now)
  }
}
