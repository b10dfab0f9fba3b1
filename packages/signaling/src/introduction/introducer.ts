import { bytesKey } from '../bytes.ts'
import { decodeEnvelope } from '../envelope/envelope.ts'
import { SourceQuota } from '../quota/source-quota.ts'
import { OriginBuckets } from '../quota/origin-buckets.ts'
import { TokenBucket } from '../quota/token-bucket.ts'
import { peerIdText, publicKeyOf, publicKeyOfBytes } from '../peer-key.ts'
import type { IntroductionRefusal } from './introduction.ts'

/** Every bound of an introducer, with its reason. */
export interface IntroducerLimits {
  /** Members that may be registered: a stream, and some hundred bytes, each. @default 512 */
  maxRegistrations: number
  /** Messages that one source may send at once: a newcomer that dials a room of 64. @default 128 */
  sourceBurst: number
  /** … and a second on average: passing one on takes about 0.1 ms. @default 32 */
  sourcePerSecond: number
  /** Bytes likewise. @default 512 KiB */
  sourceBytesBurst: number
  /** @default 64 KiB */
  sourceBytesPerSecond: number
  /** Envelopes for one recipient, whoever sends them: many who work together must not drown it. @default 256 */
  recipientBurst: number
  /** @default 64 */
  recipientPerSecond: number
  /** All envelopes together: some 5 % of a core. @default 500 */
  totalPerSecond: number
  /** Sources and recipients whose quota is kept apart. @default 4096 */
  maxQuotas: number
  /** Who was written to may answer through us, registered or not. @default 4096 */
  maxReturns: number
  /** … for so long: longer than a dial lasts. @default 60_000 */
  returnLifetimeMs: number
}

export const DEFAULT_INTRODUCER_LIMITS: IntroducerLimits = {
  maxRegistrations: 512,
  sourceBurst: 128,
  sourcePerSecond: 32,
  sourceBytesBurst: 512 * 1024,
  sourceBytesPerSecond: 64 * 1024,
  recipientBurst: 256,
  recipientPerSecond: 64,
  totalPerSecond: 500,
  maxQuotas: 4096,
  maxReturns: 4096,
  returnLifetimeMs: 60_000
}

/** What becomes of an envelope. `malformed` is what its source can be blamed for. */
export type Forwarding =
  | { readonly action: 'forward'; readonly recipient: string }
  | { readonly action: 'refuse'; readonly reason: IntroductionRefusal; readonly recipient: string }
  | { readonly action: 'malformed' }

/**
 * What an introducer decides, without I/O: who is registered, what is passed on to whom, and who has sent too much. It
 * passes on only to who asked for it, or who is answered by somebody it wrote to through us; whoever receives something
 * never passes it on again, so that there are no loops. It reads nothing but the recipient, and judges nothing else.
 */
export class Introducer {
  readonly #limits: IntroducerLimits
  readonly #sources: SourceQuota
  readonly #recipients: OriginBuckets
  readonly #total: TokenBucket
  /** Peer IDs by their keys' bytes. */
  readonly #registered = new Map<string, string>()
  /** `from to` by their keys' bytes: who may answer whom, and until when. The oldest first. */
  readonly #returns = new Map<string, { readonly to: string; readonly until: number }>()

  constructor(limits: Partial<IntroducerLimits>, now: number) {
    this.#limits = { ...DEFAULT_INTRODUCER_LIMITS, ...limits }
    const { maxQuotas, totalPerSecond } = this.#limits
    this.#sources = new SourceQuota({
      burst: this.#limits.sourceBurst,
      perSecond: this.#limits.sourcePerSecond,
      bytesBurst: this.#limits.sourceBytesBurst,
      bytesPerSecond: this.#limits.sourceBytesPerSecond,
      capacity: maxQuotas
    })
    this.#recipients = new OriginBuckets(
      this.#limits.recipientBurst,
      this.#limits.recipientPerSecond,
      maxQuotas
    )
    this.#total = new TokenBucket(totalPerSecond, totalPerSecond, now)
  }

  get registrations(): number {
    return this.#registered.size
  }

  /**
   * Whether one more message of this source may be looked at, whatever it says; where not, nothing of it is worth
   * reading until `pausedUntil()`. Asked before anything is read.
   */
  admits(source: string, length: number, now: number): boolean {
    return this.#sources.take(source, length, now)
  }

  /** @param peer whose stream it came on @returns whether there is room for it */
  handleRegister(peer: string): boolean {
    const key = keyOf(peer)
    if (!this.#registered.has(key) && this.#registered.size >= this.#limits.maxRegistrations) {
      return false
    }
    this.#registered.set(key, peer)
    return true
  }

  /** The peer has no stream to us any more. */
  handleGone(peer: string): void {
    this.#registered.delete(keyOf(peer))
  }

  /** @param source whose stream it came on */
  handleEnvelope(source: string, bytes: Uint8Array, now: number): Forwarding {
    const envelope = decodeEnvelope(bytes)
    const publicKey = envelope === undefined ? undefined : publicKeyOfBytes(envelope.recipient)
    if (publicKey === undefined) {
      return { action: 'malformed' }
    }
    const from = keyOf(source)
    const to = bytesKey(publicKey)
    const recipient = this.#registered.get(to) ?? this.#returnTo(from, to, now)
    if (recipient === undefined || to === from) {
      return { action: 'refuse', reason: 'not-registered', recipient: peerIdText(publicKey) }
    }
    if (!this.#recipients.take(recipient, now) || !this.#total.take(now)) {
      return { action: 'refuse', reason: 'over-quota', recipient }
    }
    this.#allowReturn(to, from, source, now)
    return { action: 'forward', recipient }
  }

  /** Until when nothing of this source is worth reading, on whatever stream; now, where it is. */
  pausedUntil(source: string, now: number): number {
    return this.#sources.pausedUntil(source, now)
  }

  #returnTo(from: string, to: string, now: number): string | undefined {
    const route = this.#returns.get(`${from} ${to}`)
    return route !== undefined && route.until > now ? route.to : undefined
  }

  #allowReturn(from: string, to: string, peer: string, now: number): void {
    const key = `${from} ${to}`
    this.#returns.delete(key)
    this.#returns.set(key, { to: peer, until: now + this.#limits.returnLifetimeMs })
    for (const [oldest, { until }] of this.#returns) {
      if (until > now && this.#returns.size <= this.#limits.maxReturns) {
        return
      }
      this.#returns.delete(oldest)
    }
  }
}

function keyOf(peer: string): string {
  return bytesKey(publicKeyOf(peer))
}
