import type { IncomingOffer, Signaler } from '@hearsay/signaling'
import { PeerSession, type PeerSessionInit } from '@hearsay/session'

/** One process of a test: a signaler, and at most one session a peer, as a mesh keeps them. */
export class Endpoint {
  readonly signaler: Signaler
  readonly sessions: PeerSession[] = []
  readonly #init: Omit<PeerSessionInit, 'signaler' | 'remotePeer'>
  readonly #prepare: (session: PeerSession) => void

  constructor(
    signaler: Signaler,
    init: Omit<PeerSessionInit, 'signaler' | 'remotePeer'>,
    prepare: (session: PeerSession) => void = () => {}
  ) {
    this.signaler = signaler
    this.#init = init
    this.#prepare = prepare
    signaler.setOfferHandler((offer) => this.#handleOffer(offer))
  }

  get peerId(): string {
    return this.signaler.localPeer
  }

  /** The latest session. */
  get session(): PeerSession {
    const session = this.sessions.at(-1)
    if (session === undefined) throw new Error('no session yet')
    return session
  }

  open(remotePeer: string, init: Partial<PeerSessionInit> = {}): PeerSession {
    const session = new PeerSession({ ...this.#init, ...init, signaler: this.signaler, remotePeer })
    this.sessions.push(session)
    this.#prepare(session)
    return session
  }

  #handleOffer(offer: IncomingOffer): void {
    const known = this.sessions.find(
      (session) => session.remotePeer === offer.remotePeer && session.state.name !== 'closed'
    )
    if (known?.handleOffer(offer) === true) return
    this.open(offer.remotePeer).handleOffer(offer)
  }
}
