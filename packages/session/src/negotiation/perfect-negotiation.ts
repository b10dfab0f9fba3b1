import type { CandidateFilter, SdpDescription } from '@hearsay/webrtc'
import { NegotiationError } from '../errors.ts'
import type { PeerConnectionLike } from '../peer-connection.ts'
import { equalBytes } from '../wire/equal-bytes.ts'
import { incomingDescription, outgoingDescription, type UsableDescription } from './descriptions.ts'

/** Descriptions of the peer that may wait: it offers again only when it has its answer, or when its offer lost. */
const MAX_WAITING = 8

export interface PerfectNegotiationInit {
  readonly peerConnection: PeerConnectionLike
  /** The side that gives way when offers cross. */
  readonly polite: boolean
  readonly localFilter: CandidateFilter
  readonly remoteFilter: CandidateFilter
  send(kind: 'offer' | 'answer', local: UsableDescription): void
  /** The peer's description is applied. */
  onRemote(remote: UsableDescription): void
  onFailure(error: unknown): void
}

/**
 * W3C perfect negotiation (webrtc-pc §10.7) on a connection that stands: either side may renegotiate or restart ICE at
 * any time; of two crossing offers the polite side's is rolled back.
 */
export class PerfectNegotiation {
  readonly #init: PerfectNegotiationInit
  readonly #onNeeded = (): void => void this.#offer()
  #makingOffer = false
  #settingRemoteAnswer = false
  #closed = false
  #negotiations = 0
  readonly #fingerprint: Uint8Array
  #chain: Promise<void> = Promise.resolve()
  #waiting = 0

  /** @param fingerprint of the certificate that the peer has proven; no other is taken */
  constructor(init: PerfectNegotiationInit, fingerprint: Uint8Array) {
    this.#init = init
    this.#fingerprint = fingerprint
    init.peerConnection.addEventListener('negotiationneeded', this.#onNeeded)
  }

  /** Renegotiations completed. */
  get negotiations(): number {
    return this.#negotiations
  }

  /** The peer's offer or answer. Handled one after another, in the order in which they came. */
  handleDescription(kind: 'offer' | 'answer', description: SdpDescription): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#init.onFailure(new NegotiationError('the peer renegotiates faster than anybody can follow'))
      return
    }
    this.#waiting++
    this.#chain = this.#chain
      .then(() => this.#receive(kind, description))
      .catch((error: unknown) => {
        if (!this.#closed) this.#init.onFailure(error)
      })
      .finally(() => this.#waiting--)
  }

  close(): void {
    this.#closed = true
    this.#init.peerConnection.removeEventListener('negotiationneeded', this.#onNeeded)
  }

  async #offer(): Promise<void> {
    const { peerConnection, localFilter } = this.#init
    if (this.#closed) return
    this.#makingOffer = true
    try {
      await peerConnection.setLocalDescription()
      if (this.#closed || peerConnection.localDescription?.type !== 'offer') return
      this.#init.send('offer', outgoingDescription(peerConnection.localDescription, localFilter))
    } catch (error) {
      if (!this.#closed) this.#init.onFailure(error)
    } finally {
      this.#makingOffer = false
    }
  }

  async #receive(kind: 'offer' | 'answer', description: SdpDescription): Promise<void> {
    const { peerConnection, polite, localFilter, remoteFilter } = this.#init
    if (this.#closed) return
    const isStable = peerConnection.signalingState === 'stable' || this.#settingRemoteAnswer
    const collides = kind === 'offer' && (this.#makingOffer || !isStable)
    if (collides && !polite) return
    // An answer to an offer that was rolled back, or to none.
    if (kind === 'answer' && peerConnection.signalingState !== 'have-local-offer') return
    const remote = incomingDescription(description, kind, remoteFilter)
    if (!equalBytes(remote.data.fingerprint, this.#fingerprint)) {
      throw new NegotiationError('the peer changed its certificate in a renegotiation')
    }
    this.#settingRemoteAnswer = kind === 'answer'
    try {
      await peerConnection.setRemoteDescription({ type: kind, sdp: remote.sdp })
    } finally {
      this.#settingRemoteAnswer = false
    }
    this.#init.onRemote(remote)
    this.#negotiations++
    if (kind === 'answer' || this.#closed) return
    await peerConnection.setLocalDescription()
    if (this.#closed) return
    this.#init.send('answer', outgoingDescription(peerConnection.localDescription, localFilter))
  }
}
