import { Cookies } from '../freshness/cookies.ts'
import { OriginBuckets, TokenBucket } from '../freshness/token-bucket.ts'
import type { Arrival } from '../path.ts'
import type { SignalingLimits } from './limits.ts'

/**
 * What stands between the network and our CPU: quotas for each origin on each path (who repeats what another has
 * signed must not use up that one's quota elsewhere), and cookies while too many handshakes come in at once.
 */
export class Gate {
  readonly #handshakes: OriginBuckets
  readonly #forgeries: OriginBuckets
  readonly #repetitions: OriginBuckets
  readonly #load: TokenBucket
  readonly #cookies: Cookies

  constructor(limits: SignalingLimits, randomBytes: (length: number) => Uint8Array, now: number) {
    const { originHandshakeBurst: burst, originHandshakesPerSecond: perSecond, maxOrigins } = limits
    const { handshakesPerSecond } = limits
    this.#handshakes = new OriginBuckets(burst, perSecond, maxOrigins)
    this.#forgeries = new OriginBuckets(burst, perSecond, maxOrigins)
    // Paths and impatient senders repeat honestly.
    this.#repetitions = new OriginBuckets(5 * burst, 5 * perSecond, maxOrigins)
    this.#load = new TokenBucket(handshakesPerSecond, handshakesPerSecond, now)
    this.#cookies = new Cookies(randomBytes, limits.cookieLifetimeMs, now)
  }

  /** Whether the origin may have another handshake message looked at. */
  takeHandshake(arrival: Arrival, now: number): boolean {
    return this.#handshakes.take(bucketOf(arrival), now)
  }

  /** Whether a packet may be looked at: not where too many before it were forged, or had come already. */
  allowsPacket(arrival: Arrival, now: number): boolean {
    const bucket = bucketOf(arrival)
    return !this.#forgeries.isEmpty(bucket, now) && !this.#repetitions.isEmpty(bucket, now)
  }

  chargePacket(verdict: 'forged' | 'repeated', arrival: Arrival, now: number): void {
    const buckets = verdict === 'forged' ? this.#forgeries : this.#repetitions
    buckets.take(bucketOf(arrival), now)
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

/** An intermediary that lies about origins uses up what it may bring itself, and nobody else's. */
function bucketOf({ path, origin, via = '' }: Arrival): string {
  return `${path}\n${via}\n${origin}`
}
