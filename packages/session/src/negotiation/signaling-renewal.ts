import type { IncomingOffer, Signaler, SignalingSession } from '@hearsay/signaling'
import type { Clock } from '../clock.ts'
import { RENEWAL_RETRY_MS } from '../constants.ts'
import { equalBytes } from '../wire/equal-bytes.ts'
import { decodeSignalPayload, encodeSignalPayload } from './signal-payload.ts'

export interface SignalingRenewalInit {
  readonly signaler: Signaler
  readonly remotePeer: string
  readonly clock: Clock
  readonly timeoutMs: number
  /** A new handshake is done: what is signaled from now on goes through its session. */
  readonly adopt: (session: SignalingSession) => void
}

/**
 * A new handshake for a session whose peer connection lives on: keys of signaling serve a day, or 2^20 packets, and
 * signaling must be there when the connection is lost. Both sides may begin; signaling settles glare.
 */
export class SignalingRenewal {
  readonly #init: SignalingRenewalInit
  #dialing: AbortController | undefined
  #retryTimer: unknown

  constructor(init: SignalingRenewalInit) {
    this.#init = init
  }

  /** The old keys are nearly used up. */
  begin(): void {
    this.stop()
    const dialing = new AbortController()
    this.#dialing = dialing
    this.#dial(dialing).catch(() => this.#retryLater(dialing))
  }

  /**
   * Takes an offer of the peer that renews signaling.
   *
   * @param remoteInstance the process of the peer that this session is with
   * @returns false where it is another offer
   */
  answer(offer: IncomingOffer, remoteInstance: Uint8Array | undefined): boolean {
    if (decodeSignalPayload(offer.offer)?.type !== 'renewal') return false
    if (remoteInstance !== undefined && equalBytes(remoteInstance, offer.remoteInstance)) {
      this.stop()
      this.#init.adopt(offer.answer(encodeSignalPayload({ type: 'renewal' })))
    } else {
      offer.refuse('bad-offer')
    }
    return true
  }

  /** Nothing is to be renewed, or no more. Idempotent. */
  stop(): void {
    this.#dialing?.abort()
    this.#dialing = undefined
    this.#init.clock.clearTimeout(this.#retryTimer)
  }

  async #dial(dialing: AbortController): Promise<void> {
    const { signaler, remotePeer, timeoutMs, adopt } = this.#init
    const offer = encodeSignalPayload({ type: 'renewal' })
    const outcome = await signaler.dial(remotePeer, offer, { signal: dialing.signal, timeoutMs })
    const isAnswered = outcome.outcome === 'answered'
    if (this.#dialing !== dialing) {
      if (isAnswered) outcome.session.close()
    } else if (isAnswered) {
      this.#dialing = undefined
      adopt(outcome.session)
    } else {
      this.#retryLater(dialing)
    }
  }

  #retryLater(dialing: AbortController): void {
    if (this.#dialing !== dialing) return
    this.#retryTimer = this.#init.clock.setTimeout(() => this.begin(), RENEWAL_RETRY_MS)
  }
}
