import { copyOf } from '../packet/bytes.ts'
import { DataFlag } from '../packet/data-chunk.ts'
import type { SkippedStream } from '../packet/forward-tsn-chunk.ts'
import { nextSsn, ssnIsAfter } from '../serial.ts'
import { IncomingStream } from './incoming-stream.ts'
import { MessageAccumulator } from './message-accumulator.ts'
import type { OutOfOrderChunks } from './out-of-order-chunks.ts'

const WHOLE = DataFlag.beginning | DataFlag.ending

/** Takes messages in the order in which the application is to see them. */
export type Deliver = (streamId: number, ppid: number, data: Uint8Array) => void

/**
 * From chunks to messages (RFC 9260 sections 6.5, 6.6 and 6.9): joins fragments and puts the messages of a stream
 * in order. Whole messages beyond a gap are delivered where order allows it: a lost chunk holds up its own stream
 * only.
 */
export class Reassembly {
  readonly #chunks: OutOfOrderChunks
  readonly #maxMessageSize: number
  readonly #deliver: Deliver
  readonly #streams = new Map<number, IncomingStream>()
  readonly #accumulator = new MessageAccumulator()
  /** The stream of the latest message: most often also that of the next. */
  #latest = new IncomingStream(-1)
  #waitingBytes = 0
  #waitingMessages = 0

  constructor(chunks: OutOfOrderChunks, maxMessageSize: number, deliver: Deliver) {
    this.#chunks = chunks
    this.#maxMessageSize = maxMessageSize
    this.#deliver = deliver
  }

  /** User data in a message in progress or in messages that wait for their turn (not in the out-of-order ring). */
  get heldBytes(): number {
    return this.#accumulator.length + this.#waitingBytes
  }

  /** Messages that wait for their turn outside the ring. */
  get waitingMessages(): number {
    return this.#waitingMessages
  }

  /**
   * The chunk after all that came before, its user data in `bytes[start, end)`. False where the message grows beyond
   * the maximum.
   */
  handleInOrder(
    bytes: Uint8Array,
    start: number,
    end: number,
    flags: number,
    streamId: number,
    ssn: number,
    ppid: number
  ): boolean {
    const accumulator = this.#accumulator
    const unordered = (flags & DataFlag.unordered) !== 0
    if ((flags & WHOLE) === WHOLE) {
      if (end - start > this.#maxMessageSize) {
        return false
      }
      accumulator.discard()
      this.#handleMessage(streamId, ssn, ppid, unordered, copyOf(bytes, start, end))
      return true
    }
    if ((flags & DataFlag.beginning) !== 0) {
      accumulator.begin(streamId, ssn, ppid, unordered)
    } else if (
      !accumulator.isActive ||
      accumulator.streamId !== streamId ||
      accumulator.unordered !== unordered ||
      (accumulator.ssn !== ssn && !unordered)
    ) {
      // The rest of a message that was passed by a FORWARD-TSN, or of none.
      accumulator.discard()
      return true
    }
    if (accumulator.length + end - start > this.#maxMessageSize) {
      return false
    }
    accumulator.append(bytes, start, end)
    if ((flags & DataFlag.ending) !== 0) {
      const message = accumulator.finish()
      this.#handleMessage(streamId, accumulator.ssn, accumulator.ppid, accumulator.unordered, message)
    }
    return true
  }

  /** The run `[start, end]` beyond a gap is a whole message. False where that is beyond the maximum. */
  handleWholeRun(start: number, end: number): boolean {
    const chunks = this.#chunks
    if (chunks.runBytes(start, end) > this.#maxMessageSize) {
      return false
    }
    const streamId = chunks.streamId(start)
    const ppid = chunks.ppid(start)
    if ((chunks.flags(start) & DataFlag.unordered) !== 0) {
      this.#deliver(streamId, ppid, chunks.take(start, end))
      return true
    }
    const stream = this.#stream(streamId)
    const ssn = chunks.ssn(start)
    if (ssn === stream.nextSsn) {
      this.#deliver(streamId, ppid, chunks.take(start, end))
      stream.nextSsn = nextSsn(ssn)
      this.#deliverWaiting(stream)
    } else if (ssnIsAfter(ssn, stream.nextSsn) && !stream.waiting.has(ssn)) {
      stream.waiting.set(ssn, start)
    }
    return true
  }

  /** The peer will not send the rest of these (RFC 3758 section 3.6): what waits behind them may be delivered. */
  skip(skipped: readonly SkippedStream[]): void {
    this.#accumulator.discard()
    // Once a stream: a hostile chunk may name the same one hundreds of times.
    const latest = new Map<number, number>()
    for (const { streamId, ssn } of skipped) {
      const other = latest.get(streamId)
      if (other === undefined || ssnIsAfter(ssn, other)) {
        latest.set(streamId, ssn)
      }
    }
    for (const [streamId, ssn] of latest) {
      const stream = this.#stream(streamId)
      const earlier = [...stream.waiting.keys()].filter((waiting) => !ssnIsAfter(waiting, ssn))
      earlier.sort((a, b) => ((a - b) << 16) >> 16)
      for (const waiting of earlier) {
        this.#deliverOne(stream, waiting)
      }
      if (!ssnIsAfter(stream.nextSsn, ssn)) {
        stream.nextSsn = nextSsn(ssn)
      }
      this.#deliverWaiting(stream)
    }
  }

  /** The chunk at `seq` leaves the ring unread: no message may wait there. */
  forget(seq: number): void {
    const stream = this.#streams.get(this.#chunks.streamId(seq))
    const ssn = this.#chunks.ssn(seq)
    if (stream?.waiting.get(ssn) === seq) {
      stream.waiting.delete(ssn)
    }
  }

  /** The peer's streams begin anew (RFC 6525 section 5.2.2); all of them where `streamIds` is empty. */
  resetStreams(streamIds: readonly number[]): void {
    for (const id of streamIds.length === 0 ? [...this.#streams.keys()] : streamIds) {
      const stream = this.#streams.get(id)
      for (const waiting of stream?.waiting.values() ?? []) {
        if (typeof waiting !== 'number') {
          this.#account(waiting.data, -1)
        }
      }
      this.#streams.delete(id)
    }
    this.#latest = new IncomingStream(-1)
  }

  /** Gives memory back in a quiet time. */
  trim(): void {
    this.#accumulator.trim()
  }

  #stream(id: number): IncomingStream {
    if (this.#latest.id === id) {
      return this.#latest
    }
    let stream = this.#streams.get(id)
    if (stream === undefined) {
      stream = new IncomingStream(id)
      this.#streams.set(id, stream)
    }
    this.#latest = stream
    return stream
  }

  /** A message of which every chunk is at or below the cumulative TSN. */
  #handleMessage(streamId: number, ssn: number, ppid: number, unordered: boolean, data: Uint8Array): void {
    if (unordered) {
      this.#deliver(streamId, ppid, data)
      return
    }
    const stream = this.#stream(streamId)
    if (ssn === stream.nextSsn) {
      this.#deliver(streamId, ppid, data)
      stream.nextSsn = nextSsn(ssn)
      if (stream.waiting.size > 0) {
        stream.waiting.delete(ssn)
        this.#deliverWaiting(stream)
      }
    } else if (ssnIsAfter(ssn, stream.nextSsn) && typeof stream.waiting.get(ssn) !== 'object') {
      stream.waiting.set(ssn, { ppid, data })
      this.#account(data, 1)
    }
  }

  #deliverWaiting(stream: IncomingStream): void {
    while (stream.waiting.size > 0 && stream.waiting.has(stream.nextSsn)) {
      const ssn = stream.nextSsn
      this.#deliverOne(stream, ssn)
      stream.nextSsn = nextSsn(ssn)
    }
  }

  #deliverOne(stream: IncomingStream, ssn: number): void {
    const waiting = stream.waiting.get(ssn)
    stream.waiting.delete(ssn)
    if (typeof waiting === 'number') {
      const ppid = this.#chunks.ppid(waiting)
      this.#deliver(stream.id, ppid, this.#chunks.take(waiting, this.#chunks.runEndOf(waiting)))
    } else if (waiting !== undefined) {
      this.#account(waiting.data, -1)
      this.#deliver(stream.id, waiting.ppid, waiting.data)
    }
  }

  #account(data: Uint8Array, sign: 1 | -1): void {
    this.#waitingBytes += sign * data.length
    this.#waitingMessages += sign
  }
}
