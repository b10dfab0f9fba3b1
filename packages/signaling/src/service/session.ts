import { TypedEventEmitter, type EventHandler } from 'main-event'
import { MAX_MESSAGE_BYTES, type Envelope } from '../envelope/envelope.ts'
import { MessageTooLargeError } from '../errors.ts'
import type { SessionKeys } from '../handshake/session-keys.ts'
import type { Arrival, SignalingPath } from '../path.ts'
import { peerIdBytes, publicKeyOf } from '../peer-key.ts'
import type { Lane } from '../scheduling/lane.ts'
import { TransportSchedule } from '../scheduling/transport-schedule.ts'
import { createProof, verifyProofs, type ProofContext } from '../rooms/proof.ts'
import type { Room } from '../rooms/room.ts'
import type {
  CloseOptions,
  SignalingCloseReason,
  SignalingSession,
  SignalingSessionEvents
} from '../signaler.ts'
import {
  Transport,
  type OutgoingPacket,
  type PacketVerdict,
  type TransportEvent
} from '../transport/transport.ts'
import { sendEnvelope, type Context } from './context.ts'
import { Alarm } from './timers.ts'

/** A closed session stays so long to get its close through, or to ack the other's. */
const LINGER_MS = 3000

/** A session's keys serve a day: then a new handshake is due. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000

/** Messages kept for a session that nobody listens to yet. */
const MAX_UNHEARD = 256

/**
 * A proof that tells nothing new is answered too, for the peer may have left and come back without our knowing. Not more
 * often than this, and after twice as long each time: two sides that both know already must not answer each other for
 * ever, however long the way between them is.
 */
const MIN_ANSWER_PAUSE_MS = 1000
const MAX_ANSWER_PAUSE_MS = 60_000

export interface SessionInit {
  remotePeer: string
  remoteInstance: Uint8Array
  role: 'initiator' | 'responder'
  /** Name of the path that carried message 1. */
  path: string
  /** The paths that may carry this session. */
  paths: readonly SignalingPath[]
  session: Uint8Array
  keys: SessionKeys
  /** Those that the handshake has proven. */
  rooms: readonly Room[]
  /** The peer has shown that it is in another of our rooms. */
  onRoom: (room: Room) => void
  /** It is no longer the session with this peer. */
  onClose: (session: Session) => void
  /** It needs nothing that arrives any more. */
  onGone: (session: Session) => void
}

/** A `SignalingSession` over paths: drives a `Transport` and a `TransportSchedule` with the clock. */
export class Session extends TypedEventEmitter<SignalingSessionEvents> implements SignalingSession {
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly role: 'initiator' | 'responder'
  readonly path: string
  readonly helloKey: Uint8Array
  readonly id: Uint8Array
  /** Rooms that the peer has shown to be in, too. */
  readonly rooms: Set<Room>
  readonly #context: Context
  readonly #init: SessionInit
  readonly #transport: Transport
  readonly #schedule: TransportSchedule
  readonly #alarm: Alarm
  readonly #lastLane = new Map<number, Lane>()
  /** When a room was last proven once more that the peer had proven before, and how long not again. */
  readonly #answered = new WeakMap<Room, { readonly at: number; readonly pauseMs: number }>()
  readonly #expiresAt: number
  #state: 'open' | 'lingering' | 'gone' = 'open'
  #goneAt = Infinity
  #unheard: Uint8Array[] = []
  #pumping = false
  #rehandshakeAsked = false

  constructor(context: Context, init: SessionInit) {
    super()
    this.#context = context
    this.#init = init
    this.remotePeer = init.remotePeer
    this.remoteInstance = init.remoteInstance
    this.role = init.role
    this.path = init.path
    this.id = init.session
    this.helloKey = init.keys.helloKey
    this.rooms = new Set(init.rooms)
    const now = context.timers.now()
    this.#expiresAt = now + MAX_AGE_MS
    this.#transport = new Transport({ ...init.keys, session: init.session })
    this.#schedule = new TransportSchedule(init.paths, init.remotePeer, context.stats, now)
    this.#alarm = new Alarm(context.timers, () => this.#pump())
    this.#pump()
  }

  /** What came before anybody listened is delivered to the first who does. */
  override addEventListener<K extends keyof SignalingSessionEvents>(
    type: K,
    listener: EventHandler<SignalingSessionEvents[K]> | null,
    options?: boolean | AddEventListenerOptions
  ): void {
    super.addEventListener(type, listener, options)
    if (type === 'message') {
      this.#deliverUnheard()
    }
  }

  send(message: Uint8Array): void {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new MessageTooLargeError('message', message.length, MAX_MESSAGE_BYTES)
    }
    if (this.#state !== 'open') {
      return
    }
    if (!this.#transport.send(message.slice())) {
      this.end('unreachable')
      return
    }
    this.#pump()
  }

  /** Shows the peer that we are in a room, which it learns only if it is in it, too; then it shows the same to us. */
  prove(room: Room): void {
    if (this.#state === 'open' && this.#transport.prove(createProof(room, this.role, this.#proofContext()))) {
      this.#pump()
    }
  }

  close({ peerKnows = false }: CloseOptions = {}): void {
    this.end('local', !peerKnows)
  }

  /** Takes a transport envelope of this session. */
  receive({ number, body }: Envelope, arrival: Arrival): PacketVerdict {
    const now = this.#context.timers.now()
    const verdict = this.#transport.handleInput(number, body, now, this.#schedule.ackDelayMs(arrival.path))
    this.#pump()
    return verdict
  }

  /** Over, and why. Where the peer does not know it yet, it is told for a while; or that we have heard it. */
  end(reason: SignalingCloseReason, tellsPeer = reason === 'local'): void {
    if (this.#state !== 'open') {
      return
    }
    this.#state = 'lingering'
    const lingers = tellsPeer || reason === 'remote'
    this.#goneAt = this.#context.timers.now() + (lingers ? LINGER_MS : 0)
    if (tellsPeer) {
      this.#transport.close()
    } else if (!lingers) {
      this.#transport.stop()
    }
    this.#init.onClose(this)
    this.safeDispatchEvent('close', { detail: reason })
    this.#pump()
  }

  /** Ends without waiting for anything; what can be sent at once is sent. */
  dispose(reason: 'local' | 'superseded'): void {
    this.end(reason)
    this.#vanish()
  }

  #pump(): void {
    if (this.#pumping || this.#state === 'gone') {
      return
    }
    this.#pumping = true
    const now = this.#context.timers.now()
    this.#transport.handleTimeout(now)
    for (;;) {
      const event = this.#transport.pollEvent()
      if (event !== undefined) {
        this.#handleEvent(event)
        continue
      }
      const packet = this.#transport.pollOutput(now)
      if (packet === undefined) {
        break
      }
      this.#sendPacket(packet, now)
    }
    this.#pumping = false
    this.#rest(now)
  }

  /** Until something comes in or is due. Whoever listens may have disposed of the session meanwhile. */
  #rest(now: number): void {
    if (now >= this.#expiresAt) {
      this.#askRehandshake()
    }
    if (this.#state === 'lingering' && now >= this.#goneAt) {
      this.#vanish()
    }
    if (this.#state === 'gone') {
      return
    }
    const expiresAt = this.#rehandshakeAsked ? Infinity : this.#expiresAt
    this.#alarm.set(Math.min(this.#transport.pollTimeout() ?? Infinity, this.#goneAt, expiresAt))
  }

  #sendPacket({ number, body, attempt, reliable }: OutgoingPacket, now: number): void {
    const { lane, againAt } = this.#schedule.plan({ attempt }, now)
    if (reliable) {
      this.#transport.retransmitAt(number, againAt)
    }
    if (lane === undefined || (this.#state === 'lingering' && lane.path.kind === 'broadcast')) {
      return
    }
    if (attempt > 1) {
      this.#context.stats.failed(this.#lastLane.get(number) ?? lane, this.remotePeer)
    }
    if (reliable) {
      this.#lastLane.set(number, lane)
    }
    sendEnvelope(this.#context, lane, this.remotePeer, { session: this.id, kind: 'transport', number, body })
  }

  #handleEvent(event: TransportEvent): void {
    switch (event.type) {
      case 'message':
        this.#deliver(event.message)
        break
      case 'acked':
        this.#noteAck(event)
        break
      case 'proof':
        this.#verify(event.proof)
        break
      case 'close':
        this.end('remote')
        break
      case 'unreachable':
        this.end('unreachable')
        break
      case 'expiring':
        this.#askRehandshake()
        break
    }
  }

  #verify(proof: Uint8Array): void {
    const remoteRole = this.role === 'initiator' ? 'responder' : 'initiator'
    for (const room of verifyProofs(this.#context.rooms, remoteRole, this.#proofContext(), [proof])) {
      if (this.rooms.has(room) && !this.#mayAnswer(room)) continue
      if (!this.rooms.has(room)) this.#answered.delete(room)
      this.rooms.add(room)
      // The peer may have let an earlier one of ours go, when it was not in the room yet, or have been out of it since.
      this.prove(room)
      this.#init.onRoom(room)
    }
  }

  #mayAnswer(room: Room): boolean {
    const now = this.#context.timers.now()
    const { at, pauseMs } = this.#answered.get(room) ?? { at: -Infinity, pauseMs: MIN_ANSWER_PAUSE_MS / 2 }
    if (now < at + pauseMs) return false
    this.#answered.set(room, { at: now, pauseMs: Math.min(2 * pauseMs, MAX_ANSWER_PAUSE_MS) })
    return true
  }

  #proofContext(): ProofContext {
    const hash = this.#init.keys.handshakeHash
    const [ours, theirs] = [this.#context.identity.peerBytes, peerIdBytes(publicKeyOf(this.remotePeer))]
    return this.role === 'initiator'
      ? { hash, initiator: ours, responder: theirs }
      : { hash, initiator: theirs, responder: ours }
  }

  #noteAck({ number, rttMs }: Extract<TransportEvent, { type: 'acked' }>): void {
    const lane = this.#lastLane.get(number)
    this.#lastLane.delete(number)
    // Of a packet that was sent more than once, nobody knows which lane brought it.
    if (lane !== undefined && rttMs !== undefined) {
      this.#context.stats.succeeded(lane, this.remotePeer, rttMs)
    }
  }

  #deliver(message: Uint8Array): void {
    if (this.#state !== 'open') {
      return
    }
    if (this.listenerCount('message') > 0) {
      this.safeDispatchEvent('message', { detail: message })
    } else if (this.#unheard.length < MAX_UNHEARD) {
      this.#unheard.push(message)
    } else {
      this.end('unreachable')
    }
  }

  #deliverUnheard(): void {
    const unheard = this.#unheard
    this.#unheard = []
    for (const message of unheard) {
      this.safeDispatchEvent('message', { detail: message })
    }
  }

  #askRehandshake(): void {
    if (!this.#rehandshakeAsked) {
      this.#rehandshakeAsked = true
      this.safeDispatchEvent('rehandshake')
    }
  }

  #vanish(): void {
    this.#state = 'gone'
    this.#unheard = []
    this.#alarm.clear()
    this.#init.onGone(this)
  }
}
