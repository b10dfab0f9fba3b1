import type { Startable } from '@libp2p/interface'
import { TypedEventEmitter, type TypedEventTarget } from 'main-event'
import { bytesKey, compareBytes } from '../bytes.ts'
import { decodeEnvelope, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, type Envelope } from '../envelope/envelope.ts'
import {
  DialPendingError,
  MessageTooLargeError,
  SignalerNotRunningError,
  SupersededError,
  UnsupportedKeyError
} from '../errors.ts'
import { compareInstances, INSTANCE_BYTES } from '../freshness/instance.ts'
import type { Arrival } from '../path.ts'
import { publicKeyOf } from '../peer-key.ts'
import { laneOf } from '../scheduling/lane.ts'
import type { DialOptions, DialOutcome, IncomingOffer, Signaler } from '../signaler.ts'
import { Acceptor } from './acceptor.ts'
import { ClosedSession } from './closed-session.ts'
import type { DropReason } from './counters.ts'
import type { Context } from './context.ts'
import { Dial, type AnsweredDial } from './dial.ts'
import { Gate } from './gate.ts'
import type { SignalingLimits } from './limits.ts'
import { Session, type SessionInit } from './session.ts'
import type { Room } from '../rooms/room.ts'

/** How long a dial waits for message 2. */
const DEFAULT_DIAL_TIMEOUT_MS = 10_000

export interface SignalerServiceEvents {
  /** A newer process uses this identity. All sessions are closed, and nothing is dialed or answered any more. */
  superseded: CustomEvent<undefined>
  /**
   * A peer that we dialed says that a newer process uses our identity, and shows this. It is believed by nobody until
   * it is verified and `observeInstance()` is called.
   */
  evidence: CustomEvent<{ readonly remotePeer: string; readonly evidence: Uint8Array }>
  /**
   * A peer has shown that it is in one of our rooms: by the handshake of a session, or later over that session,
   * where it may show it again. `isAdmitted` where the hook `admit` has let it in with that room, which is asked about nothing but offers.
   */
  room: CustomEvent<{ readonly remotePeer: string; readonly room: Room; readonly isAdmitted: boolean }>
}

/** A `Signaler` with a life: what `createSignaler()` makes. */
export interface SignalerService
  extends Signaler, Startable, AsyncDisposable, TypedEventTarget<SignalerServiceEvents> {
  /** Starts the paths. Once. */
  start(): Promise<void>

  /** Closes all sessions, ends all dials, stops the paths. Idempotent, and final. */
  stop(): Promise<void>

  /**
   * Takes note of a peer's instance as it has itself signed it (in its presence): a dial then needs one round trip,
   * and an older process of the same identity is no longer believed. A newer instance of our own identity supersedes
   * us. Never call it with what somebody else says.
   */
  observeInstance(peer: string, instance: Uint8Array): void

  /** Joins one room more: new handshakes prove it, and live sessions do so now. */
  addRoom(room: Room): void

  /** Leaves a room: nothing proves it any more. Sessions that were made in it live on. */
  removeRoom(room: Room): void

  /**
   * A peer has left a room, as this instance of it has signed (in its presence): what it had proven counts no more, so
   * that it can prove the room again when it comes back.
   *
   * @returns false where the session is with a newer instance, which has not left
   */
  forgetRoom(remotePeer: string, room: Room, instance: Uint8Array): boolean

  /**
   * Shows a peer with a session once more that we are in a room. Where it is in it too, and has come back, both know it
   * afterwards, in whatever order leaving and coming were heard of. Does nothing in a room that we have left.
   */
  proveRoom(remotePeer: string, room: Room): void

  /** The rooms that a peer with a session has proven to be in, and we are; empty where there is no session. */
  roomsWith(remotePeer: string): readonly Room[]

  /** How many envelopes were dropped, by reason. */
  readonly dropped: ReadonlyMap<DropReason, number>
}

export interface NoiseSignalerInit {
  /** Shared with the context's ledger, which must not forget peers with a session. */
  sessions: Map<string, Session>
  limits: SignalingLimits
  admit: (remotePeer: string, rooms: readonly Room[]) => boolean | Promise<boolean>
  evidenceOf: (remotePeer: string, rooms: readonly Room[]) => Uint8Array | undefined
}

export class NoiseSignaler extends TypedEventEmitter<SignalerServiceEvents> implements SignalerService {
  readonly localPeer: string
  readonly instance: Uint8Array
  readonly #context: Context
  readonly #gate: Gate
  readonly #acceptor: Acceptor
  readonly #dials = new Map<string, Dial>()
  readonly #dialsBySession = new Map<string, Dial>()
  /** The session with each peer, and all that may still have something to say, by session id. */
  readonly #sessions: Map<string, Session>
  readonly #sessionsById = new Map<string, Session>()
  #offerHandler: ((offer: IncomingOffer) => void) | undefined
  #state: 'new' | 'running' | 'superseded' | 'stopped' = 'new'
  #lastSerial = 0

  constructor(context: Context, { sessions, limits, admit, evidenceOf }: NoiseSignalerInit) {
    super()
    this.#context = context
    this.#sessions = sessions
    this.localPeer = context.identity.peer
    this.instance = context.instance
    this.#gate = new Gate(limits, context.randomBytes, context.timers.now())
    this.#acceptor = new Acceptor(context, {
      gate: this.#gate,
      limits,
      admit,
      evidenceOf,
      offerHandler: () => this.#offerHandler,
      dialTo: (remotePeer) => this.#dials.get(remotePeer),
      lastSerial: () => this.#lastSerial,
      onSuperseded: () => this.#supersede(),
      onNewerInstance: (remotePeer) => this.#sessions.get(remotePeer)?.end('replaced'),
      createSession: (answered) =>
        this.#createSession({ ...answered, role: 'responder', paths: context.paths }),
      createClosedSession: ({ remotePeer, responder, path }) =>
        new ClosedSession(context.timers, {
          remotePeer,
          remoteInstance: responder.payload.initiatorInstance,
          path,
          helloKey: context.randomBytes(32)
        })
    })
  }

  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#context.counters.dropped
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') {
      return
    }
    this.#state = 'running'
    await Promise.all(
      this.#context.paths.map((path) => path.start((envelope, arrival) => this.#receive(envelope, arrival)))
    )
  }

  async stop(): Promise<void> {
    if (this.#state !== 'stopped') {
      this.#state = 'stopped'
      this.#endAll(new SignalerNotRunningError())
    }
    await Promise.all(this.#context.paths.map((path) => path.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async dial(remotePeer: string, offer: Uint8Array, options: DialOptions = {}): Promise<DialOutcome> {
    options.signal?.throwIfAborted()
    this.#assertRunning()
    if (offer.length > MAX_MESSAGE_BYTES) {
      throw new MessageTooLargeError('offer', offer.length, MAX_MESSAGE_BYTES)
    }
    const remotePublicKey = publicKeyOf(remotePeer)
    const checked = this.#context.staticKeys.of(remotePublicKey)
    if ('refused' in checked) {
      throw new UnsupportedKeyError(remotePeer, checked.refused)
    }
    if (remotePeer === this.localPeer) {
      throw new UnsupportedKeyError(remotePeer, 'it is our own')
    }
    if (this.#dials.has(remotePeer)) {
      throw new DialPendingError(remotePeer)
    }
    const wanted = options.paths
    const paths =
      wanted === undefined
        ? this.#context.paths
        : this.#context.paths.filter(({ name }) => wanted.includes(name))
    const dial = new Dial(
      this.#context,
      {
        remotePeer,
        remotePublicKey,
        remoteStaticKey: checked.staticKey,
        offer: offer.slice(),
        timeoutMs: options.timeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS,
        paths,
        nextSerial: () => ++this.#lastSerial,
        onAttempt: (attempting) => {
          this.#forgetAttempt(attempting)
          this.#dialsBySession.set(bytesKey(attempting.session), attempting)
        },
        onEnd: (ended) => {
          this.#forgetAttempt(ended)
          this.#dials.delete(remotePeer)
        },
        onEvidence: (evidence) => {
          if (evidence.length > 0) this.safeDispatchEvent('evidence', { detail: { remotePeer, evidence } })
        },
        onVoid: (serial) => this.#acceptor.voidOffers(remotePeer, serial),
        createSession: (answered) => this.#dialed(remotePeer, answered, paths)
      },
      this.#context.ledger.instanceOf(remotePeer) ?? new Uint8Array(0)
    )
    const abort = () => dial.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', abort)
    this.#dials.set(remotePeer, dial)
    dial.start()
    try {
      return await dial.settled
    } finally {
      options.signal?.removeEventListener('abort', abort)
    }
  }

  setOfferHandler(handler: ((offer: IncomingOffer) => void) | undefined): void {
    this.#offerHandler = handler
  }

  observeInstance(peer: string, instance: Uint8Array): void {
    if (instance.length !== INSTANCE_BYTES) {
      return
    }
    if (peer !== this.localPeer) {
      if (this.#context.ledger.note(peer, instance)) {
        this.#sessions.get(peer)?.end('replaced')
      }
    } else if (compareInstances(instance, this.instance) > 0) {
      this.#supersede()
    }
  }

  addRoom(room: Room): void {
    this.#context.rooms.add(room)
    for (const session of this.#sessions.values()) {
      session.prove(room)
    }
  }

  removeRoom(room: Room): void {
    this.#context.rooms.delete(room)
    for (const session of this.#sessions.values()) {
      session.rooms.delete(room)
    }
  }

  forgetRoom(remotePeer: string, room: Room, instance: Uint8Array): boolean {
    const session = this.#sessions.get(remotePeer)
    if (session !== undefined && compareInstances(session.remoteInstance, instance) > 0) {
      return false
    }
    session?.rooms.delete(room)
    return true
  }

  proveRoom(remotePeer: string, room: Room): void {
    if (this.#context.rooms.has(room)) this.#sessions.get(remotePeer)?.prove(room)
  }

  roomsWith(remotePeer: string): readonly Room[] {
    return [...(this.#sessions.get(remotePeer)?.rooms ?? [])].filter((room) => this.#context.rooms.has(room))
  }

  #receive(bytes: Uint8Array, arrival: Arrival): void {
    if (this.#state !== 'running') {
      return
    }
    this.#context.counters.received(arrival.path)
    const dropped = this.#handle(bytes, arrival)
    if (dropped !== undefined) {
      this.#context.counters.drop(dropped)
      this.#context.log?.trace('dropped an envelope of %s on %s: %s', arrival.origin, arrival.path, dropped)
    }
  }

  #handle(bytes: Uint8Array, arrival: Arrival): DropReason | undefined {
    const envelope = decodeEnvelope(bytes)
    if (envelope === undefined) {
      return 'malformed'
    }
    if (compareBytes(envelope.recipient, this.#context.identity.peerBytes) !== 0) {
      return 'not-for-us'
    }
    const now = this.#context.timers.now()
    if (envelope.kind === 'transport') {
      return this.#handleTransport(envelope, arrival, now)
    }
    if (!this.#gate.takeHandshake(arrival, now)) {
      return 'over-quota'
    }
    if (envelope.kind === 'message1') {
      return this.#acceptor.receive(envelope, arrival)
    }
    const dial = this.#dialsBySession.get(bytesKey(envelope.session))
    if (dial === undefined) {
      const lane = laneOf(arrival, this.#context.paths)
      const { session, kind, body } = envelope
      const isKnown = kind === 'message2' && this.#context.review.receive(session, body, lane, now)
      return isKnown ? 'repeated' : 'unknown-session'
    }
    if (envelope.version !== PROTOCOL_VERSION) {
      return 'wrong-version'
    }
    return envelope.kind === 'message2'
      ? dial.receiveMessage2(envelope, arrival)
      : dial.receiveRetry(envelope, arrival)
  }

  #handleTransport(envelope: Envelope, arrival: Arrival, now: number): DropReason | undefined {
    const key = bytesKey(envelope.session)
    const session = this.#sessionsById.get(key)
    if (session === undefined) {
      const dial = this.#dialsBySession.get(key)
      return dial === undefined ? 'unknown-session' : dial.receiveEarly(envelope, arrival)
    }
    if (envelope.version !== PROTOCOL_VERSION) {
      return 'wrong-version'
    }
    if (!this.#gate.allowsPacket(arrival, now)) {
      return 'over-quota'
    }
    const verdict = session.receive(envelope, arrival)
    if (verdict === 'taken') {
      return undefined
    }
    this.#gate.chargePacket(verdict, arrival, now)
    return verdict === 'forged' ? 'not-authentic' : 'repeated'
  }

  #dialed(remotePeer: string, answered: AnsweredDial, paths: Context['paths']): Session {
    const session = this.#createSession({ ...answered, remotePeer, role: 'initiator', paths })
    if (answered.early.length > 0) {
      // Only after whoever dialed has had a chance to listen.
      this.#context.timers.setTimeout(() => {
        for (const [envelope, arrival] of answered.early) {
          session.receive(envelope, arrival)
        }
      }, 0)
    }
    return session
  }

  #createSession(init: Omit<SessionInit, 'onRoom' | 'onClose' | 'onGone'>): Session {
    const { remotePeer } = init
    const session = new Session(this.#context, {
      ...init,
      onRoom: (room) => this.safeDispatchEvent('room', { detail: { remotePeer, room, isAdmitted: false } }),
      onClose: (closed) => {
        if (this.#sessions.get(init.remotePeer) === closed) {
          this.#sessions.delete(init.remotePeer)
        }
      },
      onGone: () => this.#sessionsById.delete(bytesKey(init.session))
    })
    this.#sessions.get(init.remotePeer)?.end('replaced')
    this.#sessions.set(init.remotePeer, session)
    this.#sessionsById.set(bytesKey(init.session), session)
    const isAdmitted = init.role === 'responder'
    for (const room of this.roomsWith(remotePeer)) {
      this.safeDispatchEvent('room', { detail: { remotePeer, room, isAdmitted } })
    }
    if (init.role === 'initiator') {
      this.#proveOthers(session)
    }
    return session
  }

  /** Rooms for which message 1 had no place, or which one of the two has joined since. */
  #proveOthers(session: Session): void {
    for (const room of this.#context.rooms) {
      if (!session.rooms.has(room)) {
        session.prove(room)
      }
    }
  }

  #forgetAttempt(dial: Dial): void {
    for (const [key, pending] of this.#dialsBySession) {
      if (pending === dial) {
        this.#dialsBySession.delete(key)
      }
    }
  }

  #supersede(): void {
    if (this.#state !== 'running') {
      return
    }
    this.#state = 'superseded'
    this.#context.log?.error('a newer process uses the identity %s: this one stops', this.localPeer)
    this.#endAll(new SupersededError())
    this.safeDispatchEvent('superseded')
  }

  #endAll(error: Error): void {
    this.#acceptor.stop()
    for (const dial of this.#dials.values()) {
      dial.abort(error)
    }
    for (const session of this.#sessionsById.values()) {
      session.dispose(error instanceof SupersededError ? 'superseded' : 'local')
    }
  }

  #assertRunning(): void {
    if (this.#state === 'superseded') {
      throw new SupersededError()
    }
    if (this.#state !== 'running') {
      throw new SignalerNotRunningError()
    }
  }
}
