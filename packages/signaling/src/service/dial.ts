import { decodeRetry, type Envelope } from '../envelope/envelope.ts'
import { NoPathError, SignalingTimeoutError } from '../errors.ts'
import { compareInstances } from '../freshness/instance.ts'
import { Initiator } from '../handshake/initiator.ts'
import type { Message2 } from '../handshake/payloads.ts'
import type { SessionKeys } from '../handshake/session-keys.ts'
import type { Arrival, SignalingPath } from '../path.ts'
import { MAX_PROOFS } from '../rooms/proof.ts'
import type { Room } from '../rooms/room.ts'
import { laneOf, type Lane } from '../scheduling/lane.ts'
import { HandshakeSchedule, type AwaitedLane } from '../scheduling/handshake-schedule.ts'
import type { DialOutcome, SignalingSession } from '../signaler.ts'
import type { DialResult, DropReason } from './counters.ts'
import { generateKeyPair, sendEnvelope, type Context } from './context.ts'
import { Alarm } from './timers.ts'

/** How long a dial waits for a first path before it says that there is none. */
const NO_PATH_GRACE_MS = 1000

/** Other instances that one dial believes in, one newer than the other. */
const MAX_ATTEMPTS = 3

/** Lanes whose demand for a cookie is met: more than a dial uses. */
const MAX_COOKIES = 16

/** Transport packets that overtook message 2. */
const MAX_EARLY = 8

export interface DialInit {
  remotePeer: string
  remotePublicKey: Uint8Array
  remoteStaticKey: Uint8Array
  offer: Uint8Array
  timeoutMs: number
  paths: readonly SignalingPath[]
  /** Each message 1 has its own. */
  nextSerial: () => number
  /** A new attempt waits for message 2 under this session id, instead of the one before. */
  onAttempt: (dial: Dial) => void
  onEnd: (dial: Dial) => void
  /** Offers of the peer's up to this serial count no more. */
  onVoid: (serial: number) => void
  /** The peer says that a newer process uses our identity, and shows this, which may be nothing. */
  onEvidence: (evidence: Uint8Array) => void
  createSession: (answered: AnsweredDial) => SignalingSession
}

/** What a session is made of. */
export interface AnsweredDial {
  readonly session: Uint8Array
  readonly keys: SessionKeys
  /** Those that message 2 has proven. */
  readonly rooms: readonly Room[]
  readonly remoteInstance: Uint8Array
  /** Name of the path on which message 2 came. */
  readonly path: string
  /** Transport envelopes that came before message 2. */
  readonly early: readonly (readonly [Envelope, Arrival])[]
}

/** One dial: a Noise initiator, anew where the responder names another instance, driven with the clock over paths. */
export class Dial {
  readonly remotePeer: string
  readonly settled: Promise<DialOutcome>
  readonly #context: Context
  readonly #init: DialInit
  readonly #alarm: Alarm
  readonly #startedAt: number
  readonly #resolve: (outcome: DialOutcome) => void
  readonly #reject: (error: unknown) => void
  /** Cookies asked for, by lane: one on each, so that one that lies spoils itself alone. */
  readonly #cookies = new Map<string, Uint8Array>()
  #attempts = 0
  #initiator: Initiator
  #schedule: HandshakeSchedule
  #early: (readonly [Envelope, Arrival])[] = []
  #remoteVersions: readonly number[] = []
  #ended = false

  constructor(context: Context, init: DialInit, remoteInstance: Uint8Array) {
    this.#context = context
    this.#init = init
    this.remotePeer = init.remotePeer
    const { promise, resolve, reject } = Promise.withResolvers<DialOutcome>()
    this.settled = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#alarm = new Alarm(context.timers, () => this.#run())
    this.#startedAt = context.timers.now()
    this.#initiator = this.#createInitiator(remoteInstance)
    this.#schedule = this.#createSchedule()
  }

  /** Session id of the current attempt. */
  get session(): Uint8Array {
    return this.#initiator.session
  }

  get serial(): number {
    return this.#initiator.dialSerial
  }

  start(): void {
    this.#init.onAttempt(this)
    this.#run()
  }

  /** Takes a message 2; returns why it was dropped, if it was. */
  receiveMessage2({ body }: Envelope, arrival: Arrival): DropReason | undefined {
    const message = this.#initiator.readMessage2(body)
    if (message === undefined) {
      return 'not-authentic'
    }
    const { payload, keys, rooms } = message
    const now = this.#context.timers.now()
    const awaited = this.#noteAnswer(laneOf(arrival, this.#init.paths), now)
    if (payload.outcome === 'unknown-instance') {
      return this.#tryAgain(payload)
    }
    this.#context.review.add(this.session, this.remotePeer, body, awaited)
    if (payload.outcome === 'superseded') {
      // The peer's word alone stops nobody: whether the evidence holds is for others to say.
      this.#end('refused', () => this.#resolve({ outcome: 'refused', code: 'superseded' }))
      this.#init.onEvidence(payload.answer)
      return undefined
    }
    if (compareInstances(payload.responderInstance, this.#initiator.responderInstance) !== 0) {
      return 'malformed'
    }
    if (!this.#context.ledger.isCurrent(this.remotePeer, payload.responderInstance)) {
      return 'older-instance'
    }
    this.#context.ledger.note(this.remotePeer, payload.responderInstance, payload.voidSerial)
    this.#init.onVoid(payload.voidSerial)
    const { outcome: code, answer, responderInstance: remoteInstance } = payload
    if (code !== 'answer') {
      this.#end('refused', () => this.#resolve({ outcome: 'refused', code }))
      return undefined
    }
    this.#end('answered', () => {
      const answered = {
        session: this.session,
        keys,
        rooms,
        remoteInstance,
        path: arrival.path,
        early: this.#early
      }
      this.#resolve({ outcome: 'answered', session: this.#init.createSession(answered), answer })
    })
    return undefined
  }

  /**
   * Takes a `retry`, which nobody has authenticated: it is believed once for each lane, and only for that lane. Where
   * nobody passes envelopes on in another's place, its origin must be the peer: on a broadcast path all others see the
   * session id, too.
   */
  receiveRetry({ body }: Envelope, arrival: Arrival): DropReason | undefined {
    const retry = decodeRetry(body)
    const lane = laneOf(arrival, this.#init.paths)
    if (retry === undefined || lane === undefined) {
      return 'malformed'
    }
    const { kind } = lane.path
    if (arrival.origin !== this.remotePeer && (kind === 'direct' || kind === 'broadcast')) {
      return 'not-authentic'
    }
    if (retry.versions.length > 0) {
      this.#remoteVersions = retry.versions
    }
    if (retry.cookie === undefined || this.#cookies.has(lane.name) || this.#cookies.size >= MAX_COOKIES) {
      return 'repeated'
    }
    this.#cookies.set(lane.name, retry.cookie)
    this.#schedule.resend(lane, this.#context.timers.now(), 'at-once')
    this.#run()
    return undefined
  }

  /** Keeps a transport packet until message 2, which it has overtaken, comes. */
  receiveEarly(envelope: Envelope, arrival: Arrival): DropReason | undefined {
    if (this.#early.length >= MAX_EARLY) {
      return 'over-quota'
    }
    this.#early.push([envelope, arrival])
    return undefined
  }

  /** The other side, which is polite, has sent its own offer: ours goes to it again, where its offer came from. */
  resend(lane: Lane): void {
    this.#schedule.resend(lane, this.#context.timers.now())
    this.#run()
  }

  /** Glare: we are polite, and the other side's offer counts. */
  yield(): void {
    this.#end('yielded', () => this.#resolve({ outcome: 'yielded' }))
  }

  abort(error: unknown): void {
    this.#end('aborted', () => this.#reject(error))
  }

  #createInitiator(responderInstance: Uint8Array): Initiator {
    this.#attempts++
    return new Initiator({
      identity: this.#context.identity,
      x25519: this.#context.x25519,
      ephemeralKey: generateKeyPair(this.#context),
      remotePublicKey: this.#init.remotePublicKey,
      remoteStaticKey: this.#init.remoteStaticKey,
      rooms: this.#rooms().slice(0, MAX_PROOFS),
      payload: {
        initiatorInstance: this.#context.instance,
        responderInstance,
        dialSerial: this.#init.nextSerial(),
        offer: this.#init.offer
      }
    })
  }

  /** Those first in which the peer is, as far as is known. */
  #rooms(): Room[] {
    const { rooms, isIn } = this.#context
    const rank = (room: Room): number => (isIn(this.remotePeer, room) ? 0 : 1)
    return [...rooms].toSorted((a, b) => rank(a) - rank(b))
  }

  /** Returns on which other lanes the answer may come. */
  #noteAnswer(lane: Lane | undefined, now: number): readonly AwaitedLane[] {
    if (lane === undefined) {
      return []
    }
    this.#context.stats.answered(lane, this.remotePeer, this.#schedule.rttMs(lane, now))
    return this.#schedule.awaited(lane, now)
  }

  #createSchedule(): HandshakeSchedule {
    const now = this.#context.timers.now()
    this.#context.review.settle(now)
    return new HandshakeSchedule(this.#init.paths, this.remotePeer, this.#context.stats, now)
  }

  /** The responder is proven to live under another instance: the offer goes out once more, naming that one. */
  #tryAgain({ responderInstance }: Message2): DropReason | undefined {
    const believed = this.#initiator.responderInstance
    const isNewer = believed.length === 0 || compareInstances(responderInstance, believed) > 0
    if (!isNewer || !this.#context.ledger.isCurrent(this.remotePeer, responderInstance)) {
      return 'older-instance'
    }
    if (this.#attempts >= MAX_ATTEMPTS) {
      return 'repeated'
    }
    this.#context.ledger.note(this.remotePeer, responderInstance)
    this.#initiator = this.#createInitiator(responderInstance)
    this.#schedule = this.#createSchedule()
    this.#cookies.clear()
    this.#early = []
    this.#init.onAttempt(this)
    this.#run()
    return undefined
  }

  #run(): void {
    if (this.#ended) {
      return
    }
    const now = this.#context.timers.now()
    const timeoutAt = this.#startedAt + this.#init.timeoutMs
    const noPathAt = this.#startedAt + Math.min(NO_PATH_GRACE_MS, this.#init.timeoutMs)
    if (now >= noPathAt && this.#attempts === 1 && !this.#schedule.hasSent) {
      this.#end('no-path', () => this.#reject(new NoPathError(this.remotePeer)))
      return
    }
    if (now >= timeoutAt) {
      this.#end('timeout', () => this.#reject(this.#timeoutError()))
      return
    }
    for (const lane of this.#schedule.pollOutput(now)) {
      this.#send(lane)
    }
    const nextAt = Math.min(this.#schedule.pollTimeout(), timeoutAt)
    this.#alarm.set(this.#schedule.hasSent ? nextAt : Math.min(nextAt, noPathAt))
  }

  #send(lane: Lane): void {
    const { session, message1 } = this.#initiator
    const schedule = this.#schedule
    sendEnvelope(
      this.#context,
      lane,
      this.remotePeer,
      { session, kind: 'message1', number: 0, body: message1, cookie: this.#cookies.get(lane.name) },
      () => {
        schedule.failed(lane, this.#context.timers.now())
        this.#run()
      }
    )
  }

  #timeoutError(): SignalingTimeoutError {
    const hint =
      this.#remoteVersions.length === 0
        ? ''
        : `; somebody said that it speaks version ${this.#remoteVersions.join(', ')} of the protocol only`
    return new SignalingTimeoutError(this.remotePeer, this.#init.timeoutMs, hint)
  }

  #end(result: DialResult, settle: () => void): void {
    if (this.#ended) {
      return
    }
    this.#ended = true
    this.#alarm.clear()
    this.#context.counters.dial(result)
    this.#init.onEnd(this)
    settle()
  }
}
