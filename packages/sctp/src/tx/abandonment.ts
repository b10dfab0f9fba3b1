import {
  FORWARD_TSN_HEADER_LENGTH,
  SKIPPED_STREAM_LENGTH,
  writeForwardTsnChunk
} from '../packet/forward-tsn-chunk.ts'
import { padded } from '../packet/bytes.ts'
import type { TsnSequence } from '../serial.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { ChunkState, type OutstandingData } from './outstanding-data.ts'
import type { SendQueue } from './send-queue.ts'

/** The sending side of partial reliability (RFC 3758): giving messages up and telling the peer to pass them. */
export class Abandonment {
  readonly #outstanding: OutstandingData
  readonly #queue: SendQueue
  readonly #tsns: TsnSequence
  readonly #supported: boolean
  /** Advanced.Peer.Ack.Point (RFC 3758 section 3.5). */
  #advancedAckPoint = -1
  /** A FORWARD-TSN is to be sent. */
  due = false
  #sentAt = -Infinity

  constructor(outstanding: OutstandingData, queue: SendQueue, tsns: TsnSequence, supported: boolean) {
    this.#outstanding = outstanding
    this.#queue = queue
    this.#tsns = tsns
    this.#supported = supported
  }

  /** Whether the peer has yet to be led past something given up. */
  get isPending(): boolean {
    return this.#advancedAckPoint >= this.#outstanding.base
  }

  isExpired(message: OutgoingMessage, now: number): boolean {
    return this.#supported && message.expiresAt <= now
  }

  /** Whether a message is given up because one of its chunks, sent `transmissions` times, is lost. */
  isExhausted(message: OutgoingMessage, transmissions: number, now: number): boolean {
    return this.#supported && (transmissions > message.maxRetransmits || message.expiresAt <= now)
  }

  /** Whether a chunk sent `transmissions` times may be sent once more. */
  mayRepeat(message: OutgoingMessage, transmissions: number, now: number): boolean {
    return !this.isExhausted(message, transmissions, now)
  }

  /** Gives the whole message up, whatever became of its fragments. */
  abandon(message: OutgoingMessage): void {
    if (message.abandoned) {
      return
    }
    message.abandoned = true
    const outstanding = this.#outstanding
    for (let seq = Math.max(message.firstSeq, outstanding.base); seq <= message.lastSeq; seq++) {
      outstanding.markAbandoned(seq)
    }
    if (message.fragmented < message.data.length) {
      // One more TSN stands for the rest, so that the peer is told of the end of this message in any case.
      outstanding.addAbandoned(message)
      this.#queue.discardRest(message)
    }
    this.advance()
  }

  /** RFC 3758 section 3.5, C2 and C3. */
  advance(): void {
    const outstanding = this.#outstanding
    let point = Math.max(this.#advancedAckPoint, outstanding.base - 1)
    while (point + 1 < outstanding.next && outstanding.state(point + 1) === ChunkState.abandoned) {
      point++
    }
    if (point > this.#advancedAckPoint && point >= outstanding.base) {
      this.due = true
    }
    this.#advancedAckPoint = point
  }

  /** After a SACK: the peer is told again where it has not passed, but not more than once a round trip. */
  onSack(now: number, srtt: number): void {
    this.advance()
    if (!this.isPending) {
      this.due = false
    } else if (now - this.#sentAt > srtt) {
      this.due = true
    }
  }

  /** Writes the FORWARD-TSN, with as many skipped streams as fit; gives the offset behind. */
  write(bytes: Uint8Array, offset: number, limit: number, now: number): number {
    const room = Math.floor((limit - offset - FORWARD_TSN_HEADER_LENGTH) / SKIPPED_STREAM_LENGTH)
    if (room < 1) {
      return offset
    }
    const skipped = new Map<number, number>()
    let last = this.#outstanding.base - 1
    for (let seq = this.#outstanding.base; seq <= this.#advancedAckPoint; seq++) {
      const message = this.#outstanding.message(seq)
      if (!message.unordered) {
        if (skipped.size === room && !skipped.has(message.streamId)) {
          break
        }
        skipped.set(message.streamId, message.ssn)
      }
      last = seq
    }
    this.due = false
    this.#sentAt = now
    const end = writeForwardTsnChunk(bytes, offset, {
      newCumulativeTsn: this.#tsns.toTsn(last),
      skipped: [...skipped].map(([streamId, ssn]) => ({ streamId, ssn }))
    })
    return padded(end)
  }
}
