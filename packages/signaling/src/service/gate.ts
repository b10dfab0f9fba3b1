import type { Envelope } from '../envelope/envelope.ts'
import { Cookies } from '../freshness/cookies.ts'
import { OriginBuckets } from '../quota/origin-buckets.ts'
import { TokenBucket } from '../quota/token-bucket.ts'
import type { Arrival } from '../path.ts'
import type { SignalingLimits } from './limits.ts'

/**
 * The part of the rate at which nobody needs a cookie that each neighbour has for itself: so that a flood which others
 * bring costs a dial no round trip.
 */
const UNASKED_PART = 1 / 20

/** What to do with a message 1: compute on, let it go, or ask for a cookie, which is here. */
export type GateVerdict = 'compute' | 'drop' | { readonly cookie: Uint8Array }

/**
 * What stands between the network and our CPU: quotas for each origin on each path (who repeats what another has
 * signed must not use up that one's quota elsewhere); and while too many handshakes come in at once, cookies and a
 * share for each neighbour, because origins cost nothing: one neighbour can bring thousands.
 */
export class Gate {
  readonly #handshakes: OriginBuckets
  readonly #forgeries: OriginBuckets
  readonly #repetitions: OriginBuckets
  readonly #load: TokenBucket
  readonly #unasked: OriginBuckets
  readonly #shares: OriginBuckets
  readonly #cookies: Cookies

  constructor(limits: SignalingLimits, randomBytes: (length: number) => Uint8Array, now: number) {
    const { originHandshakeBurst: burst, originHandshakesPerSecond: perSecond, maxOrigins } = limits
    const { handshakesPerSecond, neighbourHandshakesPerSecond: share } = limits
    this.#handshakes = new OriginBuckets(burst, perSecond, maxOrigins)
    this.#forgeries = new OriginBuckets(burst, perSecond, maxOrigins)
    // Paths and impatient senders repeat honestly.
    this.#repetitions = new OriginBuckets(5 * burst, 5 * perSecond, maxOrigins)
    this.#load = new TokenBucket(handshakesPerSecond, handshakesPerSecond, now)
    const unasked = handshakesPerSecond * UNASKED_PART
    this.#unasked = new OriginBuckets(unasked, unasked, maxOrigins)
    this.#shares = new OriginBuckets(share, share, maxOrigins)
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

  /**
   * Whether a message 1 may be computed on. A cookie shows that who sent it hears what is sent back; on a broadcast path
   * everybody does, so that asking for one there would cost all and show nothing.
   */
  demand(
    { session, cookie }: Pick<Envelope, 'session' | 'cookie'>,
    arrival: Arrival,
    isBroadcast: boolean,
    now: number
  ): GateVerdict {
    const neighbour = `${arrival.path}\n${arrival.neighbour}`
    if (this.#unasked.take(neighbour, now) || this.#load.take(now)) {
      return 'compute'
    }
    const isHeard =
      isBroadcast || (cookie !== undefined && this.#cookies.verify(cookie, session, arrival, now))
    if (!isHeard) {
      return { cookie: this.#cookies.create(session, arrival, now) }
    }
    return this.#shares.take(neighbour, now) ? 'compute' : 'drop'
  }
}

/** An intermediary that lies about origins uses up what it may bring itself, and nobody else's. */
function bucketOf({ path, origin, via = '' }: Arrival): string {
  return `${path}\n${via}\n${origin}`
}
