import type { SctpCounters } from '../counters.ts'
import type { SctpOptions } from '../options.ts'
import { COMMON_HEADER_LENGTH } from '../packet/common-header.ts'
import { DATA_HEADER_LENGTH, DataFlag, writeDataChunk } from '../packet/data-chunk.ts'
import type { SackReader } from '../packet/sack-chunk.ts'
import type { TsnSequence } from '../serial.ts'
import { Abandonment } from './abandonment.ts'
import { Cubic } from './cubic.ts'
import { LossRecovery } from './loss-recovery.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { OutstandingData } from './outstanding-data.ts'
import type { RetransmissionTimeout } from './rto.ts'
import type { SendQueue } from './send-queue.ts'

/** Chunks outstanding at most: within the 16 bits of a gap block, and about 1 MiB of ring. */
const MAX_OUTSTANDING = 32_768
/** No fragment smaller than this is made just to fill a packet. */
const MIN_FRAGMENT = 128

/**
 * The sending side: fills packets with DATA, lost chunks first, then what the queue offers, as far as the congestion
 * window and the peer's receive window allow.
 */
export class DataSender {
  readonly #queue: SendQueue
  readonly #tsns: TsnSequence
  readonly #counters: SctpCounters
  readonly #outstanding = new OutstandingData()
  readonly #abandonment: Abandonment
  readonly #congestion: Cubic
  readonly #recovery: LossRecovery
  readonly #rto: RetransmissionTimeout
  /** User data in a chunk at most: no chunk outgrows the smallest packet that every path carries. */
  readonly #maxFragment: number
  #lastSentAt = -Infinity

  constructor(init: {
    queue: SendQueue
    options: SctpOptions
    tsns: TsnSequence
    rto: RetransmissionTimeout
    peerWindow: number
    /** Whether the peer speaks RFC 3758; otherwise every message with a TSN is reliable. */
    forwardTsn: boolean
    counters: SctpCounters
  }) {
    this.#queue = init.queue
    this.#tsns = init.tsns
    this.#counters = init.counters
    this.#rto = init.rto
    this.#maxFragment = init.options.basePacketSize - COMMON_HEADER_LENGTH - DATA_HEADER_LENGTH
    this.#abandonment = new Abandonment(this.#outstanding, init.queue, init.tsns, init.forwardTsn)
    this.#congestion = new Cubic(init.options.basePacketSize - COMMON_HEADER_LENGTH, init.options)
    this.#recovery = new LossRecovery({
      outstanding: this.#outstanding,
      abandonment: this.#abandonment,
      congestion: this.#congestion,
      rto: init.rto,
      tsns: init.tsns,
      counters: init.counters,
      peerWindow: init.peerWindow,
      packetSize: init.options.basePacketSize
    })
  }

  /** Whether all that was given a TSN has been acknowledged. */
  get isIdle(): boolean {
    return this.#outstanding.count === 0
  }

  /** The last TSN given to a chunk; the initial TSN less one before the first. */
  get lastAssignedTsn(): number {
    return this.#tsns.toTsn(this.#outstanding.next - 1)
  }

  get cwnd(): number {
    return this.#congestion.cwnd
  }

  get bytesInFlight(): number {
    return this.#outstanding.flightBytes
  }

  get outstandingChunks(): number {
    return this.#outstanding.count
  }

  get peerWindow(): number {
    return this.#recovery.peerWindow
  }

  /** Timeouts in a row without an answer. */
  get errorCount(): number {
    return this.#recovery.errorCount
  }

  pollTimeout(): number {
    return this.#recovery.pollTimeout()
  }

  handleTimeout(now: number): void {
    this.#recovery.handleTimeout(now)
  }

  /** False where the SACK acknowledges what was never sent. */
  handleSack(sack: SackReader, now: number): boolean {
    return this.#recovery.handleSack(sack, now)
  }

  handlePathChange(now: number): void {
    this.#recovery.handlePathChange(now)
  }

  setPacketSize(packetSize: number): void {
    this.#congestion.setMss(packetSize - COMMON_HEADER_LENGTH)
    this.#recovery.setPacketSize(packetSize)
  }

  /** Everything in flight is to be sent again, through no fault of the path. */
  loseAll(): void {
    this.#recovery.loseAll()
  }

  /** Whether chunks have been lost so often that packets of this size may not pass at all; asks once. */
  takeBlackHoleSuspicion(): boolean {
    return this.#recovery.takeBlackHoleSuspicion()
  }

  /** Gives memory back in a quiet time. */
  trim(): void {
    this.#outstanding.trim()
  }

  /** Whether `write()` would write something. */
  hasSomethingToSend(now: number): boolean {
    if (this.#abandonment.due || this.#recovery.isProbeDue) {
      return true
    }
    const lost = this.#outstanding.firstLost()
    if (lost >= 0) {
      return (
        (this.#recovery.fastRetransmitDue || this.#windowIsOpen) &&
        this.#peerHasRoomFor(this.#outstanding.length(lost))
      )
    }
    if (!this.#windowIsOpen || this.#outstanding.count >= MAX_OUTSTANDING) {
      return false
    }
    const message = this.#queue.peek(now)
    return message !== undefined && this.#peerHasRoomFor(this.#nextFragmentLength(message, this.#maxFragment))
  }

  /** Fills `bytes[offset, limit)` with FORWARD-TSN and DATA chunks; gives the offset behind them. */
  write(bytes: Uint8Array, offset: number, limit: number, now: number): number {
    let position = offset
    if (this.#abandonment.due) {
      position = this.#abandonment.write(bytes, position, limit, now)
    }
    if (this.#recovery.isProbeDue) {
      position = this.#writeProbe(bytes, position, limit, now)
    } else {
      const open = this.#windowIsOpen
      if (this.#outstanding.lostCount > 0 && (open || this.#recovery.fastRetransmitDue)) {
        this.#recovery.fastRetransmitDue = false
        position = this.#writeLost(bytes, position, limit, now)
      }
      if (open && this.#outstanding.lostCount === 0) {
        position = this.#writeNew(bytes, position, limit, now)
      }
    }
    if (position > offset) {
      this.#lastSentAt = now
      this.#recovery.onSent(now)
    }
    return position
  }

  /** The messages that are not wholly acknowledged, oldest first, for an association that begins anew. */
  unacknowledged(): OutgoingMessage[] {
    const messages = new Set<OutgoingMessage>()
    for (let seq = this.#outstanding.base; seq < this.#outstanding.next; seq++) {
      const message = this.#outstanding.message(seq)
      if (!message.abandoned) {
        messages.add(message)
      }
    }
    return [...messages]
  }

  get #windowIsOpen(): boolean {
    return this.#outstanding.flightBytes < this.#congestion.cwnd
  }

  /** RFC 9260 section 6.1, rule A: with nothing in flight one chunk may probe a closed window. */
  #peerHasRoomFor(length: number): boolean {
    const { flightPayload } = this.#outstanding
    return flightPayload === 0 || length <= this.#recovery.peerWindow - flightPayload
  }

  #nextFragmentLength(message: OutgoingMessage, room: number): number {
    return Math.min(message.data.length - message.fragmented, room, this.#maxFragment)
  }

  #writeLost(bytes: Uint8Array, offset: number, limit: number, now: number): number {
    const outstanding = this.#outstanding
    let position = offset
    for (let seq = outstanding.firstLost(); seq >= 0; seq = outstanding.firstLost()) {
      const message = outstanding.message(seq)
      if (this.#abandonment.isExpired(message, now)) {
        this.#abandonment.abandon(message)
        this.#counters.messagesAbandoned++
        continue
      }
      if (position + outstanding.wireSize(seq) > limit || !this.#peerHasRoomFor(outstanding.length(seq))) {
        break
      }
      outstanding.retransmit(seq, now)
      this.#counters.chunksRetransmitted++
      position = this.#writeChunk(bytes, position, seq, message, 0)
    }
    return position
  }

  #writeNew(bytes: Uint8Array, offset: number, limit: number, now: number): number {
    const outstanding = this.#outstanding
    let position = offset
    if (outstanding.count === 0) {
      this.#noteIdle(now)
    }
    while (outstanding.count < MAX_OUTSTANDING) {
      const message = this.#queue.peek(now)
      if (message === undefined) {
        break
      }
      if (message.fragmented > 0 && this.#abandonment.isExpired(message, now)) {
        this.#abandonment.abandon(message)
        this.#counters.messagesAbandoned++
        continue
      }
      const room = (limit - position - DATA_HEADER_LENGTH) & ~3
      const rest = message.data.length - message.fragmented
      const length = this.#nextFragmentLength(message, room)
      if (length <= 0 || (length < rest && length < this.#maxFragment && !this.#mayFill(message, length))) {
        break
      }
      if (!this.#peerHasRoomFor(length)) {
        break
      }
      position = this.#writeFragment(bytes, position, message, length, now)
    }
    return position
  }

  /**
   * Whether a fragment may be made just to fill a packet. A message that may be lost is lost with any of its packets,
   * so one that fits the next is not split.
   */
  #mayFill({ data, fragmented, maxRetransmits, expiresAt }: OutgoingMessage, length: number): boolean {
    const isReliable = maxRetransmits === Infinity && expiresAt === Infinity
    return length >= MIN_FRAGMENT && (isReliable || data.length - fragmented > this.#maxFragment)
  }

  #writeFragment(
    bytes: Uint8Array,
    position: number,
    message: OutgoingMessage,
    length: number,
    now: number
  ): number {
    const seq = this.#outstanding.add(message, message.fragmented, length, now)
    this.#queue.consume(message, length)
    if (message.fragmented === message.data.length) {
      this.#counters.messagesSent++
    }
    // The last packet before silence is acknowledged at once, so that its loss is noticed soon (RFC 9260 section
    // 6.1: the I bit).
    return this.#writeChunk(bytes, position, seq, message, this.#queue.isEmpty ? DataFlag.immediate : 0)
  }

  /** RFC 8985 section 7.3: new data where the peer has room, else the end of what is in flight. */
  #writeProbe(bytes: Uint8Array, offset: number, limit: number, now: number): number {
    const outstanding = this.#outstanding
    if (outstanding.lostCount === 0) {
      const next = outstanding.next
      const position = this.#writeNew(bytes, offset, limit, now)
      if (outstanding.next > next && position > offset) {
        this.#recovery.onProbeSent(outstanding.next - 1, false, now)
        return position
      }
    }
    const seq = outstanding.highestInFlight()
    if (
      seq < 0 ||
      !this.#abandonment.mayRepeat(outstanding.message(seq), outstanding.transmissions(seq), now)
    ) {
      this.#recovery.cancelProbe()
      return offset
    }
    if (offset + outstanding.wireSize(seq) > limit) {
      return offset
    }
    outstanding.resend(seq, now)
    this.#counters.chunksRetransmitted++
    this.#recovery.onProbeSent(seq, true, now)
    return this.#writeChunk(bytes, offset, seq, outstanding.message(seq), DataFlag.immediate)
  }

  #writeChunk(
    bytes: Uint8Array,
    position: number,
    seq: number,
    message: OutgoingMessage,
    extraFlags: number
  ): number {
    const from = this.#outstanding.offset(seq)
    const length = this.#outstanding.length(seq)
    const flags =
      (from === 0 ? DataFlag.beginning : 0) |
      (from + length === message.data.length ? DataFlag.ending : 0) |
      (message.unordered ? DataFlag.unordered : 0) |
      extraFlags
    return writeDataChunk(
      bytes,
      position,
      flags,
      this.#tsns.toTsn(seq),
      message.streamId,
      message.ssn,
      message.ppid,
      message.data,
      from,
      length
    )
  }

  #noteIdle(now: number): void {
    const idle = now - this.#lastSentAt
    const rto = this.#rto.value
    if (idle > rto && this.#lastSentAt !== -Infinity) {
      this.#congestion.onIdle(idle, rto)
    }
  }
}
