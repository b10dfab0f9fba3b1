import {
  comparePeerIds,
  type CloseOptions,
  type IncomingOffer,
  type Signaler,
  type SignalingSession
} from '@hearsay/signaling'
import type { CandidateFilter } from '@hearsay/webrtc'
import type { ChannelAnnouncement } from '../channels/channel-announcement.ts'
import type { Clock } from '../clock.ts'
import type { CloseReason, SessionCloseCode } from '../close-reason.ts'
import { NegotiationError, PeerConnectionError, RefusedError, type SessionError } from '../errors.ts'
import type { PeerConnectionLike } from '../peer-connection.ts'
import { failureOfDial } from '../session-failure.ts'
import type { SessionRole, SessionStateName } from '../state/session-state.ts'
import { PeerLink, type PeerLinkListener } from './peer-link.ts'
import { decodeSignalPayload, encodeSignalPayload } from './signal-payload.ts'
import { SignalingRenewal } from './signaling-renewal.ts'

export interface NegotiatorListener extends Omit<PeerLinkListener, 'attachChannels'> {
  attachChannels(
    peerConnection: PeerConnectionLike,
    role: SessionRole,
    peer: readonly ChannelAnnouncement[]
  ): string | undefined
  /** The attempt is given up, and with it what was attached to it. */
  onDropped(): void
  onDescribed(): void
  onAnswered(event: 'answer-received' | 'answer-sent'): void
  /** The peer gave up, by way of signaling. */
  onGoodbye(reason: Pick<CloseReason, 'code' | 'message'>): void
  onFailed(error: SessionError, code: SessionCloseCode): void
}

export interface NegotiatorInit {
  readonly signaler: Signaler
  readonly remotePeer: string
  readonly createPeerConnection: () => PeerConnectionLike
  readonly channels: readonly ChannelAnnouncement[]
  readonly localFilter: CandidateFilter
  readonly remoteFilter: CandidateFilter
  readonly clock: Clock
  readonly offerTimeoutMs: number
  readonly listener: NegotiatorListener
  /** Where the session stands now: what was begun in another state is void. */
  readonly stateName: () => SessionStateName
}

/** Makes and answers the first offer, and carries everything that both sides say through signaling afterwards. */
export class Negotiator {
  readonly #init: NegotiatorInit
  readonly #renewal: SignalingRenewal
  #link: PeerLink | undefined
  #signaling: SignalingSession | undefined
  #detachSignaling: (() => void) | undefined
  #dialing: AbortController | undefined
  #path: string | undefined

  constructor(init: NegotiatorInit) {
    this.#init = init
    const { signaler, remotePeer, clock, offerTimeoutMs: timeoutMs } = init
    this.#renewal = new SignalingRenewal({
      signaler,
      remotePeer,
      clock,
      timeoutMs,
      adopt: (session) => {
        this.#attachSignaling(session)
        this.#link?.attachSignaling(session)
      }
    })
  }

  /** The peer connection under way or in use. */
  get link(): PeerLink | undefined {
    return this.#link
  }

  /** Name of the path that carried the offer. */
  get path(): string | undefined {
    return this.#path
  }

  /** Sends an offer and takes what comes of it. */
  async dial(paths: readonly string[] | undefined): Promise<void> {
    const { signaler, remotePeer, listener, offerTimeoutMs } = this.#init
    const dialing = new AbortController()
    this.#dialing = dialing
    const isCurrent = (): boolean => this.#dialing === dialing && this.#init.stateName() === 'signaling'
    try {
      const link = this.#createLink('initiator')
      const offer = await link.makeOffer()
      if (!isCurrent()) return
      listener.onDescribed()
      const outcome = await signaler.dial(remotePeer, offer, {
        signal: dialing.signal,
        timeoutMs: offerTimeoutMs,
        ...(paths === undefined ? {} : { paths })
      })
      if (!isCurrent()) {
        if (outcome.outcome === 'answered') outcome.session.close()
        return
      }
      switch (outcome.outcome) {
        case 'refused':
          listener.onFailed(new RefusedError(outcome.code), 'refused')
          return
        case 'yielded':
          // The peer's own offer won. It comes as an incoming offer, or the step times out.
          this.drop()
          return
        case 'answered':
          await this.#acceptAnswer(link, outcome.answer, outcome.session)
          return
      }
    } catch (error) {
      if (this.#dialing === dialing) this.#fail(error)
    }
  }

  /** Answers the peer's offer on a fresh peer connection. */
  async answer(offer: IncomingOffer): Promise<void> {
    const { listener, stateName } = this.#init
    let link: PeerLink | undefined
    let isSettled = false
    const isCurrent = (): boolean => this.#link === link && stateName() === 'signaling'
    try {
      const payload = decodeSignalPayload(offer.offer)
      if (payload?.type !== 'offer') throw unreadable('offer')
      link = this.#createLink('responder')
      const answer = await link.makeAnswer(payload)
      if (!isCurrent()) {
        isSettled = true
        offer.refuse(['closing', 'closed'].includes(stateName()) ? 'closing' : 'busy')
        return
      }
      listener.onDescribed()
      const session = offer.answer(answer)
      isSettled = true
      this.#attachSignaling(session)
      this.#path = session.path
      listener.onAnswered('answer-sent')
      link.attachSignaling(session)
    } catch (error) {
      const isOurs = isCurrent()
      if (!isSettled) offer.refuse(error instanceof PeerConnectionError ? 'busy' : 'bad-offer')
      if (isOurs) this.#fail(error)
    }
  }

  /** Takes an offer that renews the signaling of a session that is up. @returns false where it is another offer */
  renew(offer: IncomingOffer): boolean {
    return this.#renewal.answer(offer, this.#link?.remoteInstance)
  }

  /** A negotiation payload that came over the control channel or through signaling. */
  handleSignal(bytes: Uint8Array): void {
    const { listener } = this.#init
    const payload = decodeSignalPayload(bytes)
    if (payload === undefined) listener.onFailure('protocol-violation', 'a malformed signaling message')
    else if (payload.type !== 'close') this.#link?.handleSignal(payload)
    // Once connected the control channel alone ends a session: it says when everything has arrived.
    else if (this.#link?.isVerified !== true) listener.onGoodbye(payload.reason)
  }

  /** Tells the peer through signaling, where nothing better stands yet. */
  announceClose({ code, message }: CloseReason): void {
    this.#signaling?.send(encodeSignalPayload({ type: 'close', reason: { code, message } }))
  }

  /** The dial under way is void. */
  abortDial(): void {
    this.#dialing?.abort()
    this.#dialing = undefined
  }

  /** Gives up the attempt under way; another one follows, or the end. */
  drop(options?: CloseOptions): void {
    this.abortDial()
    this.#dropSignaling(options)
    this.#link?.close()
    this.#link = undefined
    this.#init.listener.onDropped()
  }

  async #acceptAnswer(link: PeerLink, bytes: Uint8Array, session: SignalingSession): Promise<void> {
    this.#attachSignaling(session)
    this.#path = session.path
    const answer = decodeSignalPayload(bytes)
    if (answer?.type !== 'answer') throw unreadable('answer')
    this.#init.listener.onAnswered('answer-received')
    await link.applyAnswer(answer, session)
  }

  #createLink(role: SessionRole): PeerLink {
    let peerConnection: PeerConnectionLike | undefined
    try {
      peerConnection = this.#init.createPeerConnection()
      this.#link = this.#makeLink(role, peerConnection)
      return this.#link
    } catch (cause) {
      peerConnection?.close()
      const problem = cause instanceof Error ? `: ${cause.message}` : ''
      throw new PeerConnectionError(`the peer connection could not be made${problem}`, { cause })
    }
  }

  #makeLink(role: SessionRole, peerConnection: PeerConnectionLike): PeerLink {
    const { signaler, remotePeer, channels, localFilter, remoteFilter, clock, listener } = this.#init
    const { localPeer, instance } = signaler
    return new PeerLink({
      peerConnection,
      role,
      polite: comparePeerIds(localPeer, remotePeer) < 0,
      localPeer,
      localInstance: instance,
      channels,
      localFilter,
      remoteFilter,
      clock,
      listener: {
        attachChannels: (side, peer) => listener.attachChannels(peerConnection, side, peer),
        onDataChannel: (dataChannel) => listener.onDataChannel(dataChannel),
        onControlOpen: () => listener.onControlOpen(),
        onVerified: () => listener.onVerified(),
        onFrame: (frame) => listener.onFrame(frame),
        onHeard: () => listener.onHeard(),
        onFailure: (code, message) => listener.onFailure(code, message)
      }
    })
  }

  #attachSignaling(session: SignalingSession): void {
    this.#dropSignaling()
    this.#signaling = session
    const onMessage = (event: CustomEvent<Uint8Array>): void => this.handleSignal(event.detail)
    const onClose = ({ detail: reason }: CustomEvent<string>): void => {
      if (this.#signaling === session) this.#signaling = undefined
      this.#handleSignalingClose(reason)
    }
    session.addEventListener('message', onMessage)
    const onRehandshake = (): void => this.#renewal.begin()
    session.addEventListener('close', onClose)
    session.addEventListener('rehandshake', onRehandshake)
    this.#detachSignaling = () => {
      session.removeEventListener('message', onMessage)
      session.removeEventListener('close', onClose)
      session.removeEventListener('rehandshake', onRehandshake)
    }
  }

  #handleSignalingClose(reason: string): void {
    const { listener, stateName } = this.#init
    if (reason === 'superseded') {
      listener.onFailure('superseded', 'another process with this identity took over')
      return
    }
    // Where the peer has begun anew its offer follows at once, and takes the place of this attempt.
    queueMicrotask(() => {
      if (this.#signaling !== undefined || stateName() !== 'connecting') return
      listener.onFailure('signaling-failed', `signaling ended before the connection stood: ${reason}`)
    })
  }

  #dropSignaling(options?: CloseOptions): void {
    this.#renewal.stop()
    this.#detachSignaling?.()
    this.#detachSignaling = undefined
    this.#signaling?.close(options)
    this.#signaling = undefined
  }

  #fail(error: unknown): void {
    const { code, failure } = failureOfDial(error, this.#init.offerTimeoutMs)
    this.#init.listener.onFailed(failure, code)
  }
}

function unreadable(what: 'offer' | 'answer'): NegotiationError {
  return new NegotiationError(`the ${what} cannot be read: does the peer speak this version?`)
}
