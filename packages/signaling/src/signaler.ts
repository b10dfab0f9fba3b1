import type { TypedEventTarget } from 'main-event'

/**
 * What a session needs of signaling: dial a peer with an offer, hear of offers from others, and afterwards exchange
 * messages that nobody in between can read, alter or replay. `PeerSession` is given one of these and never learns
 * how envelopes travel.
 */
export interface Signaler {
  /** This process's peer ID, as text (base58btc). */
  readonly localPeer: string

  /** This process start: 8 bytes of start time (ms, big endian) and 8 random bytes. */
  readonly instance: Uint8Array

  /**
   * Sends an offer (Noise message 1) and waits for the answer (Noise message 2).
   *
   * @throws {NoPathError} no path reaches the peer
   * @throws {SignalingTimeoutError} nobody answered within `options.timeoutMs`
   * @throws {UnsupportedKeyError} the peer ID is not of an Ed25519 key that can be used
   * @throws {AbortError} `options.signal` was aborted
   * @throws {DialPendingError} an earlier dial to the peer is still waiting
   * @throws {MessageTooLargeError} the offer has more than 15 KiB
   * @throws {SupersededError} a newer process uses this identity
   * @throws {SignalerNotRunningError} not started, or stopped
   */
  dial(remotePeer: string, offer: Uint8Array, options?: DialOptions): Promise<DialOutcome>

  /** The one handler of offers that passed every check. Without a handler they are refused. */
  setOfferHandler(handler: ((offer: IncomingOffer) => void) | undefined): void
}

export interface DialOptions {
  signal?: AbortSignal
  /** How long to wait for message 2, in milliseconds. @default 10_000 */
  timeoutMs?: number
  /** Names of the paths that may carry this dial; every path where absent. */
  paths?: readonly string[]
}

/** How a dial ended, where it did not fail. */
export type DialOutcome =
  | { readonly outcome: 'answered'; readonly session: SignalingSession; readonly answer: Uint8Array }
  | { readonly outcome: 'refused'; readonly code: DialRefusalCode }
  /** Glare: the peer's own offer won; it comes (or came) through the offer handler. */
  | { readonly outcome: 'yielded' }

/** Why an authenticated peer would not take an offer. */
export type RefusalCode = 'not-admitted' | 'busy' | 'closing' | 'bad-offer'

/** `superseded`: the peer knows a newer process of our identity than this one. */
export type DialRefusalCode = RefusalCode | 'superseded'

/** An offer whose sender is authenticated, admitted and fresh. Exactly one of `answer` and `refuse` is called. */
export interface IncomingOffer {
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly offer: Uint8Array
  /** Name of the path on which message 1 came. */
  readonly path: string
  /** Our own dial to this peer was pending and was dropped in favour of this offer. */
  readonly wonGlare: boolean
  answer(answer: Uint8Array): SignalingSession
  refuse(code: RefusalCode): void
}

export interface SignalingSessionEvents {
  /** One message, in order, exactly once. */
  message: CustomEvent<Uint8Array>
  /** The session is over: closed here, replaced by a newer handshake, or given up. */
  close: CustomEvent<SignalingCloseReason>
  /** Dial anew soon: the session's packet numbers are nearly used up, or it is a day old. It works on until then. */
  rehandshake: CustomEvent<undefined>
}

export type SignalingCloseReason = 'local' | 'remote' | 'replaced' | 'unreachable' | 'superseded'

/** The fruit of one Noise handshake: ordered, reliable, end-to-end encrypted messages between two peers. */
export interface SignalingSession extends TypedEventTarget<SignalingSessionEvents> {
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly role: 'initiator' | 'responder'
  /** Name of the path that carried message 1. */
  readonly path: string
  /** 32 bytes, derived from this handshake alone: the key of `hello` on the control channel. */
  readonly helloKey: Uint8Array
  /**
   * Queues one message (15 KiB at most). After `close` it does nothing.
   *
   * @throws {MessageTooLargeError} the message has more than 15 KiB
   */
  send(message: Uint8Array): void
  /** Idempotent. The peer is told, where it can be reached and does not know. */
  close(options?: CloseOptions): void
}

export interface CloseOptions {
  /** Both sides have agreed on the end elsewhere: nothing more is sent, nor waited for. @default false */
  readonly peerKnows?: boolean
}
