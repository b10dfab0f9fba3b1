import { compareBytes } from '../bytes.ts'
import { encodeRetry, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, type Envelope } from '../envelope/envelope.ts'
import { MessageTooLargeError } from '../errors.ts'
import { OriginBuckets } from '../quota/origin-buckets.ts'
import { TokenBucket } from '../quota/token-bucket.ts'
import type { Message2Outcome } from '../handshake/payloads.ts'
import type { Responder } from '../handshake/responder.ts'
import type { SessionKeys } from '../handshake/session-keys.ts'
import type { Arrival } from '../path.ts'
import type { Room } from '../rooms/room.ts'
import { laneOf, type Lane } from '../scheduling/lane.ts'
import type { IncomingOffer, RefusalCode, SignalingSession } from '../signaler.ts'
import type { DropReason } from './counters.ts'
import { sendEnvelope, type Context } from './context.ts'
import type { Dial } from './dial.ts'
import type { Gate } from './gate.ts'
import type { SignalingLimits } from './limits.ts'
import { OfferTable, type AnswerLane, type Offer } from './offer-table.ts'
import { Screen, type Authentic } from './screen.ts'

/** The same message 2 is not sent again along a lane sooner, however often message 1 comes. */
const RESEND_GAP_MS = 100
const BROADCAST_RESEND_GAP_MS = 1000

/** Lanes along which message 2 goes back: an initiator uses two or three at once, and others when those are silent. */
const MAX_ANSWER_LANES = 6

/**
 * Of the lanes along which message 1 came at once (what goes because there was no answer goes 50 ms later), so many are
 * answered at once, first those that are not likely to lose it: a third is there for the sake of message 1, and is
 * answered where that comes along it again.
 */
const ANSWERED_AT_ONCE = 2
const AT_ONCE_MS = 30
const LIKELY_LOST = 1 / 2

/** Message 1 comes again though message 2 has gone back along this lane so many times the RTT ago: it was lost there. */
const LOST_RTTS = 2

/**
 * Members that are told why their message 1 counts for nothing: what was recorded in an earlier life of ours may be
 * brought again and again by who recorded it.
 */
const CORRECTION_BURST = 64
const CORRECTIONS_PER_SECOND = 16

export interface AcceptorInit {
  gate: Gate
  limits: SignalingLimits
  admit: (remotePeer: string, rooms: readonly Room[]) => boolean | Promise<boolean>
  offerHandler: () => ((offer: IncomingOffer) => void) | undefined
  /** Our own dial to the peer, while it is pending. */
  dialTo: (remotePeer: string) => Dial | undefined
  /** The highest serial that a message 1 of ours has borne. */
  lastSerial: () => number
  /** Somebody with our key has started after us. */
  onSuperseded: () => void
  /** The peer lives under a newer instance: sessions with the older are over. */
  onNewerInstance: (remotePeer: string) => void
  /** What shows an older process of the peer, which has proven these rooms, that there is a newer one. */
  evidenceOf: (remotePeer: string, rooms: readonly Room[]) => Uint8Array | undefined
  createSession: (answered: {
    remotePeer: string
    remoteInstance: Uint8Array
    path: string
    session: Uint8Array
    keys: SessionKeys
    rooms: readonly Room[]
  }) => SignalingSession
  /** A session that is over before it began, for an answer that comes too late. */
  createClosedSession: (offer: Offer) => SignalingSession
}

/**
 * The responder's side: hands what passes the checks of the specification to the offer handler, and answers.
 */
export class Acceptor {
  readonly #context: Context
  readonly #init: AcceptorInit
  readonly #offers: OfferTable
  readonly #screen: Screen
  readonly #corrections: TokenBucket
  /** What a peer may offer, whichever ways it takes: whoever takes offers does much more for each than we do. */
  readonly #perPeer: OriginBuckets
  #stopped = false

  constructor(context: Context, init: AcceptorInit) {
    this.#context = context
    this.#init = init
    this.#offers = new OfferTable(init.limits.maxOffers)
    this.#screen = new Screen(context, init.gate)
    const { originHandshakeBurst, originHandshakesPerSecond, maxOrigins } = init.limits
    this.#perPeer = new OriginBuckets(originHandshakeBurst, originHandshakesPerSecond, maxOrigins)
    this.#corrections = new TokenBucket(CORRECTION_BURST, CORRECTIONS_PER_SECOND, context.timers.now())
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
    const key = OfferTable.keyOf(envelope.body)
    const known = envelope.version === PROTOCOL_VERSION ? this.#offers.get(key, now) : undefined
    if (known !== undefined) {
      this.#resend(known, arrival, now)
      return 'repeated'
    }
    const verdict = this.#screen.check(envelope, arrival)
    switch (verdict.type) {
      case 'drop':
        return verdict.reason
      case 'retry':
        this.#retry(envelope, arrival, verdict.retry)
        return verdict.reason
      case 'correct':
        this.#correct(verdict.outcome, verdict.from, arrival, now)
        return verdict.reason
      case 'superseded':
        this.#init.onSuperseded()
        return 'from-ourselves'
      case 'pass':
        return this.#admit(key, verdict.from, arrival, now)
    }
  }

  /** Tells a member why its offer counts for nothing. Nothing is kept. */
  #correct(
    outcome: Message2Outcome,
    { remotePeer, responder, rooms }: Authentic,
    arrival: Arrival,
    now: number
  ) {
    const lane = laneOf(arrival, this.#context.paths)
    if (lane !== undefined && this.#corrections.take(now)) {
      const evidence = outcome === 'superseded' ? this.#init.evidenceOf(remotePeer, rooms) : undefined
      const fits = evidence !== undefined && evidence.length <= MAX_MESSAGE_BYTES
      const { message2 } = this.#write(responder, rooms, outcome, fits ? evidence : new Uint8Array(0), 0)
      this.#sendMessage2(responder.session, message2, remotePeer, lane)
    }
  }

  #admit(
    key: string,
    { remotePeer, responder, rooms }: Authentic,
    arrival: Arrival,
    now: number
  ): DropReason | undefined {
    const offer: Offer = {
      key,
      remotePeer,
      responder,
      rooms,
      path: arrival.path,
      expiresAt: now + this.#init.limits.offerLifetimeMs,
      state: 'admitting',
      message2: undefined,
      lanes: new Map()
    }
    this.#noteLane(offer, arrival, now)
    if (this.#losesGlare(offer)) {
      return 'glare'
    }
    if (!this.#perPeer.take(remotePeer, now)) {
      return 'over-quota'
    }
    const admitted = this.#init.admit(remotePeer, rooms)
    if (typeof admitted === 'boolean') {
      return this.#decide(offer, admitted)
    }
    // Of one peer no more than one waits for the hook: whoever dials again and again takes no places of others.
    this.#offers.void(remotePeer, responder.payload.dialSerial)
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
      keys,
      rooms: offer.rooms
    })
  }

  #refuse(offer: Offer, code: RefusalCode): void {
    if (offer.state === 'open') {
      this.#finish(offer, code, new Uint8Array(0))
    }
  }

  #finish(offer: Offer, outcome: Message2Outcome, answer: Uint8Array): SessionKeys {
    const { responder, rooms, remotePeer } = offer
    const pending = this.#init.dialTo(remotePeer)
    const voidSerial = pending === undefined ? this.#init.lastSerial() : pending.serial - 1
    const { message2, keys } = this.#write(responder, rooms, outcome, answer, voidSerial)
    offer.state = 'answered'
    offer.message2 = message2
    const now = this.#context.timers.now()
    const spare = this.#spareLanes(offer)
    for (const entry of offer.lanes.values()) {
      entry.sentAt = now
      if (!spare.includes(entry)) {
        entry.sends++
        this.#sendMessage2(responder.session, message2, remotePeer, entry.lane)
      }
    }
    const further = this.#furtherLane(offer)
    if (further !== undefined) {
      this.#sendMessage2(responder.session, message2, remotePeer, further)
    }
    return keys
  }

  #write(
    responder: Responder,
    rooms: readonly Room[],
    outcome: Message2Outcome,
    answer: Uint8Array,
    voidSerial: number
  ): { message2: Uint8Array; keys: SessionKeys } {
    const responderInstance = this.#context.instance
    return responder.writeMessage2(rooms, { outcome, responderInstance, voidSerial, answer })
  }

  /** Message 2 goes back along the lanes along which message 1 comes: what one of them swallows the others bring. */
  #noteLane(offer: Offer, arrival: Arrival, now: number): AnswerLane | undefined {
    const lane = laneOf(arrival, this.#context.paths)
    if (lane === undefined) {
      return undefined
    }
    const known = offer.lanes.get(lane.name)
    if (known !== undefined || offer.lanes.size >= MAX_ANSWER_LANES) {
      return known
    }
    const entry = { lane, cameAt: now, sentAt: -Infinity, sends: 0 }
    offer.lanes.set(lane.name, entry)
    return entry
  }

  /** The lanes that are not answered before message 1 comes along them again. */
  #spareLanes({ lanes, remotePeer }: Offer): AnswerLane[] {
    const [first, ...others] = lanes.values()
    const risk = ({ lane }: AnswerLane) => {
      const loss = this.#context.stats.loss(lane, remotePeer)
      return loss > LIKELY_LOST ? loss : 0
    }
    return [first, ...others.filter(({ cameAt }) => cameAt - first.cameAt < AT_ONCE_MS)]
      .filter(({ lane }) => lane.path.kind !== 'broadcast')
      .toSorted((a, b) => risk(a) - risk(b))
      .slice(ANSWERED_AT_ONCE)
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
    const lanes = offer.lanes.size
    const entry = this.#noteLane(offer, arrival, now)
    if (entry === undefined || offer.message2 === undefined) {
      return
    }
    const { lane, sentAt } = entry
    const isNew = offer.lanes.size > lanes
    const gapMs = lane.path.kind === 'broadcast' ? BROADCAST_RESEND_GAP_MS : RESEND_GAP_MS
    const isSpare = !isNew && entry.sends === 0
    if (now - sentAt < gapMs && !isSpare) {
      return
    }
    entry.sentAt = now
    if (isNew && this.#spareLanes(offer).includes(entry)) {
      return
    }
    // Nobody but the initiator itself is taken at its word, and of its lane alone.
    const { stats } = this.#context
    const isLost = now - sentAt > LOST_RTTS * stats.rttMs(lane, offer.remotePeer)
    if (entry.sends > 0 && isLost && arrival.origin === offer.remotePeer) {
      stats.unanswered(lane, offer.remotePeer)
    }
    entry.sends++
    this.#sendMessage2(offer.responder.session, offer.message2, offer.remotePeer, lane)
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
