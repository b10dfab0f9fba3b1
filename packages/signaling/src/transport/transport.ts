import { open, seal } from '../handshake/cipher-state.ts'
import { MessageQueue, ReorderBuffer } from './message-queue.ts'
import { ACK_RANGE, decodePacket, elicitsAck, encodePacket, MAX_PACKETS, type Packet } from './packet.ts'
import { MAX_PROOFS } from '../rooms/proof.ts'
import { ReplayWindow, WINDOW } from './replay-window.ts'

/** New data stays this close to the oldest packet that is not acked; bare acks may go as far again. */
const DATA_SPAN = WINDOW / 4
const ACK_SPAN = WINDOW / 2

/** Rooms joined or asked back for while nothing could be sent. */
const MAX_QUEUED_PROOFS = 64

export interface TransportInit {
  sendKey: Uint8Array
  receiveKey: Uint8Array
  /** Session id: authenticated with each packet. */
  session: Uint8Array
  /** A packet unacked for so long ends the session. @default 30_000 */
  giveUpMs?: number
  /** Packets that a key may seal. @default 2^20 */
  maxPackets?: number
  /** Packets on their way at once: candidates are few. @default 32 */
  maxInFlight?: number
  /** Messages waiting to be sent, or to be put in order. @default 256 */
  maxQueuedMessages?: number
  /** Bytes of them. @default 1 MiB */
  maxQueuedBytes?: number
}

/** A packet to be sent. It is the same at each attempt. */
export interface OutgoingPacket {
  readonly number: number
  readonly body: Uint8Array
  /** 0 the first time. */
  readonly attempt: number
  /** It is sent again until it is acked, when `retransmitAt()` says. */
  readonly reliable: boolean
}

/** What a packet was: `forged` (or damaged, or of another session), `repeated` (or too old), or taken. */
export type PacketVerdict = 'taken' | 'repeated' | 'forged'

export type TransportEvent =
  /** In order, exactly once. */
  | { readonly type: 'message'; readonly message: Uint8Array }
  /** The other side shows that it is in a room. Each once, in any order. */
  | { readonly type: 'proof'; readonly proof: Uint8Array }
  /** The packet has come. `rttMs` only where it was sent once. */
  | { readonly type: 'acked'; readonly number: number; readonly rttMs: number | undefined }
  /** The other side has closed, and all it said before has been delivered. */
  | { readonly type: 'close' }
  /** Something stayed unacked for too long, or no packet number is left. */
  | { readonly type: 'unreachable' }
  /** Few packet numbers are left: a new handshake is due. */
  | { readonly type: 'expiring' }

interface Sent {
  readonly body: Uint8Array
  readonly firstSentAt: number
  attempts: number
  retransmitAt: number
}

/**
 * Ordered, reliable messages over paths that lose, repeat and reorder, without I/O: a sans-IO core. A packet is sealed
 * once, under a number used once; a retransmission is the same packet. Acks ride in new packets only; where there is
 * nothing to say, in a bare one after a short delay. When to retransmit, and where, is for the caller to decide: it
 * knows the paths.
 */
export class Transport {
  readonly #init: Required<TransportInit>
  readonly #queue: MessageQueue
  readonly #reorder: ReorderBuffer
  readonly #window = new ReplayWindow()
  readonly #unacked = new Map<number, Sent>()
  readonly #events: TransportEvent[] = []
  #proofs: Uint8Array[] = []
  #nextNumber = 0
  #nextMessage = 0
  #closing: 'no' | 'queued' | 'sent' = 'no'
  #over = false
  #expiring = false
  /** When an ack is due, and whether anything to ack has come since the last bare one was sealed. */
  #ackAt = Infinity
  #unsaid = false
  #bareAck: { number: number; body: Uint8Array } | undefined

  constructor(init: TransportInit) {
    this.#init = {
      giveUpMs: 30_000,
      maxPackets: MAX_PACKETS,
      maxInFlight: 32,
      maxQueuedMessages: 256,
      maxQueuedBytes: 1 << 20,
      ...init
    }
    this.#queue = new MessageQueue(this.#init.maxQueuedMessages, this.#init.maxQueuedBytes)
    this.#reorder = new ReorderBuffer(this.#init.maxQueuedMessages, this.#init.maxQueuedBytes)
  }

  /** Nothing is queued and everything sent is acked. */
  get isFlushed(): boolean {
    return !this.#hasData && this.#unacked.size === 0
  }

  /** Queues a message; false where the queue is full or the session closed. */
  send(message: Uint8Array): boolean {
    return this.#closing === 'no' && this.#queue.push(message)
  }

  /** After what is queued, tells the other side that there is no more. */
  close(): void {
    if (this.#closing === 'no') {
      this.#closing = 'queued'
    }
  }

  /** Nothing is sent any more, neither what waits nor an ack. */
  stop(): void {
    this.#over = true
  }

  /** Queues a room proof; it goes before messages that wait. False where too many do, or the session is closed. */
  prove(proof: Uint8Array): boolean {
    if (this.#closing !== 'no' || this.#proofs.length >= MAX_QUEUED_PROOFS) {
      return false
    }
    this.#proofs.push(proof)
    return true
  }

  /**
   * Takes a packet. What is not authentic, or not new, changes nothing.
   *
   * @param ackDelayMs how long an ack may wait for company
   */
  handleInput(number: number, body: Uint8Array, now: number, ackDelayMs: number): PacketVerdict {
    const state = number < MAX_PACKETS ? this.#window.check(number) : 'old'
    if (state === 'old') {
      return 'repeated'
    }
    const plaintext = open(this.#init.receiveKey, number, this.#init.session, body)
    const packet = plaintext === undefined ? undefined : decodePacket(plaintext)
    if (packet === undefined) {
      return 'forged'
    }
    if (state === 'duplicate') {
      // Our ack may have been lost.
      this.#scheduleAck(packet, now, ackDelayMs)
      return 'repeated'
    }
    this.#handleAck(packet, now)
    if (!this.#reorder.accepts(packet.firstMessage, packet.messages)) {
      // As if it had been lost: it will come again when there is room.
      return 'taken'
    }
    this.#window.add(number)
    this.#deliver(packet)
    // Bare acks do not count: who repeats our packets must not make us use up numbers.
    this.#unsaid ||= elicitsAck(packet)
    this.#scheduleAck(packet, now, ackDelayMs)
    return 'taken'
  }

  handleTimeout(now: number): void {
    const [oldest] = this.#unacked.values()
    const isSilent = oldest !== undefined && now >= oldest.firstSentAt + this.#init.giveUpMs
    if ((isSilent || this.#isUsedUp) && !this.#over) {
      this.#over = true
      this.#events.push({ type: 'unreachable' })
    }
  }

  /** The next packet to send, if any is due. Of a reliable one, `retransmitAt()` must be told when it is due again. */
  pollOutput(now: number): OutgoingPacket | undefined {
    if (this.#over) {
      return undefined
    }
    return this.#pollRetransmission(now) ?? this.#pollData(now) ?? this.#pollAck(now)
  }

  /** When the packet is due again, where it is not acked before. */
  retransmitAt(number: number, at: number): void {
    const sent = this.#unacked.get(number)
    if (sent !== undefined) {
      sent.retransmitAt = at
    }
  }

  /** When `handleTimeout()` and `pollOutput()` have something to do, unless something comes in before. */
  pollTimeout(): number | undefined {
    if (this.#over) {
      return undefined
    }
    let at = this.#isUsedUp ? -Infinity : this.#ackAt
    let oldest = true
    for (const sent of this.#unacked.values()) {
      at = Math.min(at, sent.retransmitAt, oldest ? sent.firstSentAt + this.#init.giveUpMs : Infinity)
      oldest = false
    }
    return at === Infinity ? undefined : at
  }

  pollEvent(): TransportEvent | undefined {
    return this.#events.shift()
  }

  #pollRetransmission(now: number): OutgoingPacket | undefined {
    for (const [number, sent] of this.#unacked) {
      if (sent.retransmitAt <= now) {
        sent.retransmitAt = Infinity
        return { number, body: sent.body, attempt: sent.attempts++, reliable: true }
      }
    }
    return undefined
  }

  #pollData(now: number): OutgoingPacket | undefined {
    if (!this.#hasData || this.#unacked.size >= this.#init.maxInFlight || !this.#hasNumber(DATA_SPAN)) {
      return undefined
    }
    // Proofs have packets of their own: a batch of messages fills one by itself.
    const proofs = this.#proofs.splice(0, MAX_PROOFS)
    const messages = proofs.length > 0 ? [] : this.#queue.takeBatch()
    const close = this.#closing === 'queued' && this.#queue.length === 0 && this.#proofs.length === 0
    if (close) {
      this.#closing = 'sent'
    }
    const { number, body } = this.#seal({ firstMessage: this.#nextMessage, messages, close, proofs })
    this.#nextMessage += messages.length
    this.#unacked.set(number, { body, firstSentAt: now, attempts: 1, retransmitAt: Infinity })
    this.#ackAt = Infinity
    return { number, body, attempt: 0, reliable: true }
  }

  #pollAck(now: number): OutgoingPacket | undefined {
    if (this.#ackAt > now) {
      return undefined
    }
    this.#ackAt = Infinity
    if (this.#bareAck !== undefined && !this.#unsaid) {
      return { ...this.#bareAck, attempt: 1, reliable: false }
    }
    if (!this.#hasNumber(ACK_SPAN)) {
      return undefined
    }
    this.#bareAck = this.#seal({ firstMessage: 0, messages: [], close: false, proofs: [] })
    this.#unsaid = false
    return { ...this.#bareAck, attempt: 0, reliable: false }
  }

  /** Something waits to be sent for the first time. */
  get #hasData(): boolean {
    return this.#queue.length > 0 || this.#proofs.length > 0 || this.#closing === 'queued'
  }

  /** Something waits, and no number is left for it. */
  get #isUsedUp(): boolean {
    return this.#hasData && this.#nextNumber >= this.#init.maxPackets
  }

  /** Whether a new number would stay within `span` of the oldest packet that the other side must still accept. */
  #hasNumber(span: number): boolean {
    const [oldest] = this.#unacked.keys()
    return (
      this.#nextNumber < this.#init.maxPackets && (oldest === undefined || this.#nextNumber - oldest < span)
    )
  }

  #seal(content: Omit<Packet, 'received' | 'missing'>): { number: number; body: Uint8Array } {
    const number = this.#nextNumber++
    if (!this.#expiring && this.#nextNumber >= this.#init.maxPackets - this.#init.maxPackets / 16) {
      this.#expiring = true
      this.#events.push({ type: 'expiring' })
    }
    const packet = {
      ...content,
      received: this.#window.highest + 1,
      missing: this.#window.missing(ACK_RANGE)
    }
    return { number, body: seal(this.#init.sendKey, number, this.#init.session, encodePacket(packet)) }
  }

  #handleAck({ received, missing }: Packet, now: number): void {
    const highest = received - 1
    for (const [number, sent] of this.#unacked) {
      const index = highest - 1 - number
      const isMissing = index >= 0 && ((missing[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
      if (number <= highest && index < ACK_RANGE && !isMissing) {
        this.#unacked.delete(number)
        const rttMs = sent.attempts === 1 ? now - sent.firstSentAt : undefined
        this.#events.push({ type: 'acked', number, rttMs })
      }
    }
  }

  #deliver(packet: Packet): void {
    for (const proof of packet.proofs) {
      this.#events.push({ type: 'proof', proof })
    }
    const wasComplete = this.#reorder.isComplete
    for (const message of this.#reorder.add(packet.firstMessage, packet.messages, packet.close)) {
      this.#events.push({ type: 'message', message })
    }
    if (this.#reorder.isComplete && !wasComplete) {
      this.#events.push({ type: 'close' })
    }
  }

  #scheduleAck(packet: Packet, now: number, ackDelayMs: number): void {
    if (elicitsAck(packet)) {
      this.#ackAt = Math.min(this.#ackAt, now + ackDelayMs)
    }
  }
}
