import type { SctpCounters } from '../counters.ts'
import type { SctpOptions } from '../options.ts'
import { readUint16, readUint32 } from '../packet/bytes.ts'
import { DATA_HEADER_LENGTH, DataFlag } from '../packet/data-chunk.ts'
import type { ForwardTsnChunk } from '../packet/forward-tsn-chunk.ts'
import { writeSackChunk, type SackContent } from '../packet/sack-chunk.ts'
import type { TsnSequence } from '../serial.ts'
import { OutOfOrderChunks } from './out-of-order-chunks.ts'
import { Reassembly, type Deliver } from './reassembly.ts'
import { ReceivedRanges } from './received-ranges.ts'

/** TSNs beyond the cumulative one that are kept: within the 16 bits of a gap block, and about 1 MiB of ring. */
const MAX_AHEAD = 32_768
/** Duplicates reported in a SACK at most. */
const MAX_DUPLICATES = 32
/** What a message that waits costs beside its bytes, roughly. */
const MESSAGE_OVERHEAD = 64
/** User data fills the window at most; with its overhead, of which the sender knows nothing, this multiple of it. */
const OVERHEAD_SLACK = 1.25

/** What has been delivered and not yet been taken by the application. */
export interface DeliveredBacklog {
  readonly messageBytes: number
  readonly messageCount: number
}

/** What came of a DATA chunk; the last three are the peer's mistakes. */
export type DataOutcome = 'accepted' | 'dropped' | 'no-user-data' | 'invalid-stream' | 'message-too-large'

interface DeferredReset {
  lastSeq: number
  /** Empty for all. */
  streamIds: readonly number[]
}

/** The receiving side: which TSNs have arrived, what is acknowledged and when, and the receive window. */
export class DataReceiver implements SackContent {
  readonly #options: SctpOptions
  readonly #tsns: TsnSequence
  readonly #counters: SctpCounters
  readonly #backlog: DeliveredBacklog
  readonly #onDeferredReset: (streamIds: readonly number[]) => void
  readonly #ranges = new ReceivedRanges()
  readonly #chunks = new OutOfOrderChunks()
  readonly #reassembly: Reassembly
  readonly duplicates: number[] = []
  #cumulative = -1
  #deferredReset: DeferredReset | undefined

  #packetHadData = false
  #unacknowledgedPackets = 0
  #sackDue = false
  #sackAt = Infinity
  #lastAdvertised: number

  constructor(init: {
    options: SctpOptions
    tsns: TsnSequence
    counters: SctpCounters
    backlog: DeliveredBacklog
    deliver: Deliver
    /** A reset that waited for the cumulative TSN has been performed. */
    onDeferredReset: (streamIds: readonly number[]) => void
  }) {
    this.#options = init.options
    this.#tsns = init.tsns
    this.#counters = init.counters
    this.#backlog = init.backlog
    this.#onDeferredReset = init.onDeferredReset
    this.#lastAdvertised = init.options.receiveWindow
    this.#reassembly = new Reassembly(this.#chunks, init.options.maxMessageSize, init.deliver)
  }

  // What a SACK says.

  get cumulativeTsn(): number {
    return this.#tsns.toTsn(this.#cumulative)
  }

  get advertisedWindow(): number {
    const room = this.#options.receiveWindow - this.#usedBytes
    // Less than a packet is no window (silly window avoidance, RFC 9260 section 6.2).
    return room < this.#options.basePacketSize ? 0 : room
  }

  get blockCount(): number {
    return this.#ranges.count
  }

  blockStart(index: number): number {
    return this.#ranges.start(index) - this.#cumulative
  }

  blockEnd(index: number): number {
    return this.#ranges.end(index) - this.#cumulative
  }

  // When it says it.

  /** A SACK is to be sent now. */
  get isSackDue(): boolean {
    return this.#sackDue
  }

  /** Something is not acknowledged yet: a packet that goes out anyway takes the SACK along. */
  get hasUnacknowledged(): boolean {
    return this.#sackDue || this.#unacknowledgedPackets > 0
  }

  pollTimeout(): number {
    return this.#sackDue ? Infinity : this.#sackAt
  }

  handleTimeout(now: number): void {
    if (this.#sackAt <= now) {
      this.#sackDue = true
    }
  }

  /** No more packets for now: what has arrived is acknowledged. */
  flush(): void {
    this.#sackDue ||= this.#unacknowledgedPackets > 0
  }

  /** The packet whose chunks were handled is at its end. */
  endPacket(now: number): void {
    if (this.#packetHadData) {
      this.#packetHadData = false
      this.#unacknowledgedPackets++
      if (this.#unacknowledgedPackets >= this.#options.sackEveryPackets) {
        this.#sackDue = true
      }
      if (this.#sackAt === Infinity) {
        this.#sackAt = now + this.#options.sackDelay
      }
    }
  }

  /** A SACK goes out in any case, as in state SHUTDOWN-SENT. */
  requestSack(): void {
    this.#sackDue = true
  }

  /** Writes the SACK; gives the offset behind. */
  writeSack(bytes: Uint8Array, offset: number, limit: number): number {
    this.#lastAdvertised = this.advertisedWindow
    const end = writeSackChunk(bytes, offset, limit, this)
    this.duplicates.length = 0
    this.#unacknowledgedPackets = 0
    this.#sackDue = false
    this.#sackAt = Infinity
    return end
  }

  /** The application took messages: a window that was nearly closed is opened again (RFC 9260 section 6.2). */
  onConsumed(): void {
    const { receiveWindow } = this.#options
    if (
      this.#lastAdvertised < receiveWindow / 2 &&
      this.advertisedWindow - this.#lastAdvertised >= receiveWindow / 4
    ) {
      this.#sackDue = true
    }
  }

  // What arrives.

  /** The DATA chunk in `bytes[start, end)`. */
  handleData(bytes: Uint8Array, start: number, end: number): DataOutcome {
    const flags = bytes[start + 1]
    const length = end - start - DATA_HEADER_LENGTH
    if (length <= 0) {
      return 'no-user-data'
    }
    const seq = this.#tsns.toSeq(readUint32(bytes, start + 4), this.#cumulative)
    this.#packetHadData = true
    if ((flags & DataFlag.immediate) !== 0) {
      this.#sackDue = true
    }
    if (seq <= this.#cumulative || (this.#ranges.count > 0 && this.#ranges.has(seq))) {
      this.#noteDuplicate(seq)
      return 'dropped'
    }
    if (seq > this.#cumulative + MAX_AHEAD || !this.#hasRoomFor(length, seq)) {
      this.#counters.droppedWindow++
      this.#sackDue = true
      return 'dropped'
    }
    const streamId = readUint16(bytes, start + 8)
    const ssn = readUint16(bytes, start + 10)
    const ppid = readUint32(bytes, start + 12)
    const from = start + DATA_HEADER_LENGTH
    if (seq === this.#cumulative + 1) {
      this.#cumulative = seq
      if (streamId >= this.#options.inboundStreams) {
        this.#advance()
        return 'invalid-stream'
      }
      const good =
        this.#reassembly.handleInOrder(bytes, from, end, flags, streamId, ssn, ppid) && this.#advance()
      return good ? 'accepted' : 'message-too-large'
    }
    // A gap: the sender is to know at once (RFC 9260 section 6.7).
    this.#sackDue = true
    if (streamId >= this.#options.inboundStreams) {
      return 'invalid-stream'
    }
    this.#ranges.add(seq)
    this.#chunks.reserve(this.#cumulative + 1, this.#ranges.highest)
    this.#chunks.insert(seq, flags, streamId, ssn, ppid, bytes.slice(from, end))
    return this.#deliverEarly(streamId) ? 'accepted' : 'message-too-large'
  }

  /** False where a message turned out to be too large. */
  handleForwardTsn(chunk: ForwardTsnChunk): boolean {
    const seq = this.#tsns.toSeq(chunk.newCumulativeTsn, this.#cumulative)
    this.#sackDue = true
    if (seq <= this.#cumulative) {
      return true
    }
    this.#reassembly.skip(chunk.skipped.filter(({ streamId }) => streamId < this.#options.inboundStreams))
    for (let index = 0; index < this.#ranges.count && this.#ranges.start(index) <= seq; index++) {
      const last = Math.min(seq, this.#ranges.end(index))
      for (let passed = this.#ranges.start(index); passed <= last; passed++) {
        this.#release(passed)
      }
    }
    this.#cumulative = seq
    this.#ranges.removeBelow(seq + 1)
    return this.#advance()
  }

  /**
   * Resets incoming streams (all where `streamIds` is empty) once everything up to `lastTsn` has arrived; true where
   * that is now (RFC 6525 section 5.2.2, E2 to E4).
   */
  resetStreams(lastTsn: number, streamIds: readonly number[]): boolean {
    const lastSeq = this.#tsns.toSeq(lastTsn, this.#cumulative)
    if (lastSeq > this.#cumulative) {
      this.#deferredReset = { lastSeq, streamIds }
      return false
    }
    this.#deferredReset = undefined
    this.#reassembly.resetStreams(streamIds)
    return true
  }

  /** Gives memory back in a quiet time. */
  trim(): void {
    this.#reassembly.trim()
    if (this.#ranges.count === 0) {
      this.#chunks.trim()
    }
  }

  get #usedBytes(): number {
    return this.#heldBytes + this.#overhead
  }

  get #heldBytes(): number {
    return this.#backlog.messageBytes + this.#reassembly.heldBytes + this.#chunks.heldBytes
  }

  get #overhead(): number {
    return MESSAGE_OVERHEAD * (this.#backlog.messageCount + this.#reassembly.waitingMessages)
  }

  #hasRoomFor(length: number, seq: number): boolean {
    if (this.#fits(length)) {
      return true
    }
    if (seq !== this.#cumulative + 1 || this.#chunks.heldBytes === 0) {
      return false
    }
    // What fills the buffer waits for this very chunk: rather give up what lies beyond (RFC 9260 section 6.2.1).
    this.#renege()
    return this.#fits(length)
  }

  #fits(length: number): boolean {
    const { receiveWindow } = this.#options
    const held = this.#heldBytes + length
    return held <= receiveWindow && held + this.#overhead <= OVERHEAD_SLACK * receiveWindow
  }

  #noteDuplicate(seq: number): void {
    this.#counters.duplicateChunks++
    this.#sackDue = true
    if (this.duplicates.length < MAX_DUPLICATES) {
      this.duplicates.push(this.#tsns.toTsn(seq))
    }
  }

  #deliverEarly(streamId: number): boolean {
    const { runStart, runEnd } = this.#chunks
    if (!this.#chunks.isWhole(runStart, runEnd)) {
      return true
    }
    const reset = this.#deferredReset
    if (reset !== undefined && runStart > reset.lastSeq && affects(reset.streamIds, streamId)) {
      // It belongs to the stream after its reset, and waits for its turn.
      return true
    }
    return this.#reassembly.handleWholeRun(runStart, runEnd)
  }

  /** The cumulative TSN has moved: so it may over what had arrived before. */
  #advance(): boolean {
    this.#performDeferredReset()
    let good = true
    while (good && this.#ranges.count > 0 && this.#ranges.start(0) === this.#cumulative + 1) {
      const end = this.#ranges.end(0)
      while (good && this.#cumulative < end) {
        this.#cumulative++
        good = this.#feed(this.#cumulative)
        this.#performDeferredReset()
      }
      this.#ranges.removeBelow(this.#cumulative + 1)
    }
    return good
  }

  #feed(seq: number): boolean {
    const chunks = this.#chunks
    let good = true
    if (chunks.isHeld(seq)) {
      const payload = chunks.payload(seq)
      good = this.#reassembly.handleInOrder(
        payload,
        0,
        payload.length,
        chunks.flags(seq),
        chunks.streamId(seq),
        chunks.ssn(seq),
        chunks.ppid(seq)
      )
    }
    chunks.free(seq)
    return good
  }

  #performDeferredReset(): void {
    const reset = this.#deferredReset
    if (reset !== undefined && this.#cumulative >= reset.lastSeq) {
      this.#deferredReset = undefined
      this.#reassembly.resetStreams(reset.streamIds)
      this.#onDeferredReset(reset.streamIds)
    }
  }

  /** Drops the chunk at `seq`, whatever it waited for. */
  #release(seq: number): void {
    if (this.#chunks.isHeld(seq)) {
      this.#reassembly.forget(seq)
    }
    this.#chunks.free(seq)
  }

  #renege(): void {
    const delivered: number[] = []
    for (let index = 0; index < this.#ranges.count; index++) {
      for (let seq = this.#ranges.start(index); seq <= this.#ranges.end(index); seq++) {
        if (this.#chunks.isConsumed(seq)) {
          delivered.push(seq)
        } else {
          this.#release(seq)
        }
      }
    }
    this.#ranges.clear()
    for (const seq of delivered) {
      this.#ranges.add(seq)
    }
  }
}

function affects(streamIds: readonly number[], streamId: number): boolean {
  return streamIds.length === 0 || streamIds.includes(streamId)
}
