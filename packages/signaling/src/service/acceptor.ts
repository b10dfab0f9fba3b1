import { compareBytes } from '../bytes.ts'
import { encodeRetry, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, type Envelope } from '../envelope/envelope.ts'
import { MessageTooLargeError } from '../errors.ts'
import { compareInstances } from '../freshness/instance.ts'
import type { Message2Outcome } from '../handshake/payloads.ts'
import { Responder } from '../handshake/responder.ts'
import type { SessionKeys } from '../handshake/session-keys.ts'
import type { Arrival } from '../path.ts'
import { peerIdText } from '../peer-key.ts'
import type { Room } from '../rooms/room.ts'
import { laneOf, type Lane } from '../scheduling/lane.ts'
import type { IncomingOffer, RefusalCode, SignalingSession } from '../signaler.ts'
import type { DropReason } from './counters.ts'
import { generateKeyPair, sendEnvelope, type Context } from './context.ts'
import type { Dial } from './dial.ts'
import type { Gate } from './gate.ts'
import type { SignalingLimits } from './limits.ts'
import { OfferTable, type Offer } from './offer-table.ts'

/** The same message 2 is not sent again along a lane sooner, however often message 1 comes. */
const RESEND_GAP_MS = 100
const BROADCAST_RESEND_GAP_MS = 1000

/** Lanes along which message 2 goes back: an initiator uses two at once, and others when those are silent. */
const MAX_ANSWER_LANES = 6

export interface AcceptorInit {
  gate: Gate
  limits: SignalingLimits
  admit: (remotePeer: string) => boolean | Promise<boolean>
  offerHandler: () => ((offer: IncomingOffer) => void) | undefined
  /** Our own dial to the peer, while it is pending. */
  dialTo: (remotePeer: string) => Dial | undefined
  /** The highest serial that a message 1 of ours has borne. */
  lastSerial: () => number
  /** Somebody with our key has started after us. */
  onSuperseded: () => void
  /** The peer lives under a newer instance: sessions with the older are over. */
  onNewerInstance: (remotePeer: string) => void
  createSession: (answered: {
    remotePeer: string
    remoteInstance: Uint8Array
    path: string
    session: Uint8Array
    keys: SessionKeys
  }) => SignalingSession
  /** A session that is over before it began, for an answer that comes too late. */
  createClosedSession: (offer: Offer) => SignalingSession
}

/**
 * The responder's side: takes message 1 through the checks of the specification, each cheaper than the next, hands
 * what passes to the offer handler, and answers.
 */
export class Acceptor {
  readonly #context: Context
  readonly #init: AcceptorInit
  readonly #offers: OfferTable
  #stopped = false

  constructor(context: Context, init: AcceptorInit) {
    this.#context = context
    this.#init = init
    this.#offers = new OfferTable(init.limits.maxOffers)
  }

  stop(): void {
    this.#stopped = true
    this.#offers.clear()
  }

  /** The peer has said that its offers up to this serial count no more: who answers them now comes too late. */
  voidOffers(remotePeer: string, serial: number): void {
    this.#offers.void(remotePeer, serial)
  }

  /** Takes a message 1; returns why it was dropped, if it was. The origin's quota has been charged. */
  receive(envelope: Envelope, arrival: Arrival): DropReason | undefined {
    const now = this.#context.timers.now()
    if (envelope.version !== PROTOCOL_VERSION) {
      // Anybody can ask this: what everybody pays for is not said to anybody.
      if (laneOf(arrival, this.#context.paths)?.path.kind !== 'broadcast') {
        this.#retry(envelope, arrival, { versions: [PROTOCOL_VERSION] })
      }
      return 'wrong-version'
    }
    const key = OfferTable.keyOf(envelope.body)
    const known = this.#offers.get(key, now)
    if (known !== undefined) {
      this.#resend(known, arrival, now)
      return 'repeated'
    }
    const cookie = this.#init.gate.demand(envelope.session, envelope.cookie, arrival, now)
    if (cookie !== undefined) {
      this.#retry(envelope, arrival, { cookie, versions: [] })
      return 'under-load'
    }
    const responder = Responder.read({
      identity: this.#context.identity,
      x25519: this.#context.x25519,
      generateEphemeral: () => generateKeyPair(this.#context),
      staticKeys: this.#context.staticKeys,
      session: envelope.session,
      message1: envelope.body
    })
    return typeof responder === 'string' ? responder : this.#consider(key, responder, arrival, now)
  }

  /** Message 1 is authentic: is it fresh, and from a member? */
  #consider(key: string, responder: Responder, arrival: Arrival, now: number): DropReason | undefined {
    const { payload } = responder
    const remotePeer = peerIdText(responder.remotePublicKey)
    if (remotePeer === this.#context.identity.peer) {
      if (compareInstances(payload.initiatorInstance, this.#context.instance) > 0) {
        this.#init.onSuperseded()
      }
      return 'from-ourselves'
    }
    if (!this.#context.ledger.isCurrent(remotePeer, payload.initiatorInstance)) {
      return 'older-instance'
    }
    // Before anything is answered: what was recorded is worth nothing once something newer has come.
    if (!this.#isNewer(remotePeer, responder)) {
      return 'not-newer'
    }
    const room = responder.provenRoom(this.#context.rooms)
    if (room === undefined) {
      return 'no-proof'
    }
    if (compareInstances(payload.responderInstance, this.#context.instance) !== 0) {
      const { message2 } = this.#write(responder, room, 'unknown-instance', new Uint8Array(0), 0)
      const lane = laneOf(arrival, this.#context.paths)
      if (lane !== undefined) {
        this.#sendMessage2(responder.session, message2, remotePeer, lane)
      }
      return 'unknown-instance'
    }
    const offer: Offer = {
      key,
      remotePeer,
      responder,
      room,
      path: arrival.path,
      expiresAt: now + this.#init.limits.offerLifetimeMs,
      state: 'admitting',
      message2: undefined,
      lanes: new Map()
    }
    this.#noteLane(offer, arrival)
    if (this.#losesGlare(offer)) {
      return 'glare'
    }
    const admitted = this.#init.admit(remotePeer)
    if (typeof admitted === 'boolean') {
      return this.#decide(offer, admitted)
    }
    this.#offers.add(offer)
    admitted
      .catch((error: unknown) => {
        this.#context.log?.error('the admission hook failed, so %s is not admitted: %e', remotePeer, error)
        return false
      })
      .then((isAdmitted) => {
        const dropped = offer.state === 'admitting' ? this.#decide(offer, isAdmitted) : 'not-newer'
        if (dropped !== undefined) {
          this.#context.counters.drop(dropped)
        }
      })
      .catch((error: unknown) => this.#context.log?.error('an offer could not be handled: %e', error))
    return undefined
  }

  /** The hook has spoken, perhaps after a while, in which other things may have happened. */
  #decide(offer: Offer, isAdmitted: boolean): DropReason | undefined {
    const { remotePeer, responder } = offer
    if (this.#stopped || !this.#isNewer(remotePeer, responder)) {
      offer.state = 'void'
      return 'not-newer'
    }
    const handler = this.#init.offerHandler()
    if (isAdmitted && handler !== undefined && this.#losesGlare(offer)) {
      this.#offers.delete(offer)
      return 'glare'
    }
    const { initiatorInstance, dialSerial } = responder.payload
    const isNewInstance = this.#context.ledger.note(remotePeer, initiatorInstance, dialSerial)
    this.#offers.void(remotePeer, isNewInstance ? Infinity : dialSerial)
    this.#offers.add(offer)
    offer.state = 'open'
    if (!isAdmitted || handler === undefined) {
      this.#refuse(offer, isAdmitted ? 'closing' : 'not-admitted')
      return undefined
    }
    if (isNewInstance) {
      this.#init.onNewerInstance(remotePeer)
    }
    const ownDial = this.#init.dialTo(remotePeer)
    ownDial?.yield()
    try {
      handler(this.#incoming(offer, ownDial !== undefined))
    } catch (error) {
      this.#context.log?.error('the offer handler failed: %e', error)
      this.#refuse(offer, 'closing')
    }
    return undefined
  }

  #incoming(offer: Offer, wonGlare: boolean): IncomingOffer {
    const { payload } = offer.responder
    return {
      remotePeer: offer.remotePeer,
      remoteInstance: payload.initiatorInstance,
      offer: payload.offer,
      path: offer.path,
      wonGlare,
      answer: (answer) => this.#answer(offer, answer),
      refuse: (code) => this.#refuse(offer, code)
    }
  }

  #answer(offer: Offer, answer: Uint8Array): SignalingSession {
    if (answer.length > MAX_MESSAGE_BYTES) {
      throw new MessageTooLargeError('answer', answer.length, MAX_MESSAGE_BYTES)
    }
    const isCurrent = this.#context.ledger.isCurrent(
      offer.remotePeer,
      offer.responder.payload.initiatorInstance
    )
    if (offer.state !== 'open' || !isCurrent || this.#losesGlare(offer)) {
      return this.#init.createClosedSession(offer)
    }
    this.#init.dialTo(offer.remotePeer)?.yield()
    const keys = this.#finish(offer, 'answer', answer)
    return this.#init.createSession({
      remotePeer: offer.remotePeer,
      remoteInstance: offer.responder.payload.initiatorInstance,
      path: offer.path,
      session: offer.responder.session,
      keys
    })
  }

  #refuse(offer: Offer, code: RefusalCode): void {
    if (offer.state === 'open') {
      this.#finish(offer, code, new Uint8Array(0))
    }
  }

  #finish(offer: Offer, outcome: Message2Outcome, answer: Uint8Array): SessionKeys {
    const { responder, room, remotePeer } = offer
    const pending = this.#init.dialTo(remotePeer)
    const voidSerial = pending === undefined ? this.#init.lastSerial() : pending.serial - 1
    const { message2, keys } = this.#write(responder, room, outcome, answer, voidSerial)
    offer.state = 'answered'
    offer.message2 = message2
    const now = this.#context.timers.now()
    for (const entry of offer.lanes.values()) {
      entry.sentAt = now
      this.#sendMessage2(responder.session, message2, remotePeer, entry.lane)
    }
    const further = this.#furtherLane(offer)
    if (further !== undefined) {
      this.#sendMessage2(responder.session, message2, remotePeer, further)
    }
    return keys
  }

  #write(
    responder: Responder,
    room: Room,
    outcome: Message2Outcome,
    answer: Uint8Array,
    voidSerial: number
  ): { message2: Uint8Array; keys: SessionKeys } {
    const responderInstance = this.#context.instance
    return responder.writeMessage2(room, { outcome, responderInstance, voidSerial, answer })
  }

  /** Message 2 goes back along each lane along which message 1 comes: what one of them swallows the others bring. */
  #noteLane(offer: Offer, arrival: Arrival): { readonly lane: Lane; sentAt: number } | undefined {
    const lane = laneOf(arrival, this.#context.paths)
    if (lane === undefined) {
      return undefined
    }
    const known = offer.lanes.get(lane.name)
    if (known !== undefined || offer.lanes.size >= MAX_ANSWER_LANES) {
      return known
    }
    const entry = { lane, sentAt: -Infinity }
    offer.lanes.set(lane.name, entry)
    return entry
  }

  /** Who had to ask the whole room may be reached by a cheaper path. */
  #furtherLane({ lanes, remotePeer }: Offer): Lane | undefined {
    return [...lanes.values()].some(({ lane }) => lane.path.kind !== 'broadcast')
      ? undefined
      : this.#context.stats
          .rank(this.#context.paths, remotePeer)
          .find(({ path }) => path.kind !== 'broadcast')
  }

  #resend(offer: Offer, arrival: Arrival, now: number): void {
    const entry = this.#noteLane(offer, arrival)
    if (entry === undefined || offer.message2 === undefined) {
      return
    }
    const gapMs = entry.lane.path.kind === 'broadcast' ? BROADCAST_RESEND_GAP_MS : RESEND_GAP_MS
    if (now - entry.sentAt >= gapMs) {
      entry.sentAt = now
      this.#sendMessage2(offer.responder.session, offer.message2, offer.remotePeer, entry.lane)
    }
  }

  #sendMessage2(session: Uint8Array, message2: Uint8Array, remotePeer: string, lane: Lane): void {
    sendEnvelope(this.#context, lane, remotePeer, { session, kind: 'message2', number: 0, body: message2 })
  }

  #retry({ session }: Envelope, arrival: Arrival, retry: Parameters<typeof encodeRetry>[0]): void {
    const lane = laneOf(arrival, this.#context.paths)
    if (lane !== undefined) {
      const body = encodeRetry(retry)
      sendEnvelope(this.#context, lane, arrival.origin, { session, kind: 'retry', number: 0, body })
    }
  }

  /** While our own dial is pending and we are the impolite side, ours counts: the other side hears it again. */
  #losesGlare(offer: Offer): boolean {
    const dial = this.#init.dialTo(offer.remotePeer)
    if (
      dial === undefined ||
      compareBytes(this.#context.identity.publicKey, offer.responder.remotePublicKey) < 0
    ) {
      return false
    }
    for (const { lane } of offer.lanes.values()) {
      dial.resend(lane)
    }
    return true
  }

  #isNewer(remotePeer: string, { payload }: Responder): boolean {
    return this.#context.ledger.isNewer(remotePeer, payload.initiatorInstance, payload.dialSerial)
  }
}
