import { Cookies } from '../freshness/cookies.ts'
import { OriginBuckets, TokenBucket } from '../freshness/token-bucket.ts'
import type { Arrival } from '../path.ts'
import type { SignalingLimits } from './limits.ts'

/**
 * What stands between the network and our CPU: quotas for each origin, and cookies while too many handshakes come in
 * at once.
 */
export class Gate {
  readonly #handshakes: OriginBuckets
  readonly #forgeries: OriginBuckets
  readonly #load: TokenBucket
  readonly #cookies: Cookies

  constructor(limits: SignalingLimits, randomBytes: (length: number) => Uint8Array, now: number) {
    const { originHandshakeBurst, originHandshakesPerSecond, maxOrigins, handshakesPerSecond } = limits
    this.#handshakes = new OriginBuckets(originHandshakeBurst, originHandshakesPerSecond, maxOrigins)
    this.#forgeries = new OriginBuckets(originHandshakeBurst, originHandshakesPerSecond, maxOrigins)
    this.#load = new TokenBucket(handshakesPerSecond, handshakesPerSecond, now)
    this.#cookies = new Cookies(randomBytes, limits.cookieLifetimeMs, now)
  }

  /** Whether the origin may have another handshake message looked at. */
  takeHandshake(origin: string, now: number): boolean {
    return this.#handshakes.take(origin, now)
  }

  /** Whether the origin has sent so much that was not authentic that nothing of it is looked at. */
  isForger(origin: string, now: number): boolean {
    return this.#forgeries.isEmpty(origin, now)
  }

  chargeForgery(origin: string, now: number): void {
    this.#forgeries.take(origin, now)
  }

  /** Undefined where a message 1 may be computed on; else the cookie to ask for. */
  demand(
    session: Uint8Array,
    cookie: Uint8Array | undefined,
    arrival: Arrival,
    now: number
  ): Uint8Array | undefined {
    if (this.#load.take(now)) {
      return undefined
    }
    return cookie !== undefined && this.#cookies.verify(cookie, session, arrival, now)
      ? undefined
      : this.#cookies.create(session, arrival, now)
  }
}
