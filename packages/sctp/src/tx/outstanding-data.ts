import { padded } from '../packet/bytes.ts'
import { DATA_HEADER_LENGTH } from '../packet/data-chunk.ts'
import type { OutgoingMessage } from './outgoing-message.ts'

/** What became of a chunk that has a TSN. */
export const ChunkState = {
  free: 0,
  inFlight: 1,
  /** To be retransmitted. */
  lost: 2,
  /** Acknowledged by a gap block: the peer may still renege. */
  gapAcked: 3,
  /** Given up; waits for the peer to pass it (RFC 3758). */
  abandoned: 4
} as const

const INITIAL_CAPACITY = 64
const NONE = -1

/**
 * Chunks with a TSN that the peer has not acknowledged cumulatively: a ring of typed arrays indexed by sequence
 * number. Those in flight are also in a list in the order of their latest transmission, so that finding lost ones
 * (RFC 8985) costs what is found, not what is outstanding.
 */
export class OutstandingData {
  /** The first sequence number that is not acknowledged cumulatively. */
  base = 0
  /** The sequence number that the next chunk gets. */
  next = 0
  /** Bytes in flight, with chunk headers and padding: what the congestion window counts. */
  flightBytes = 0
  /** User data in flight: what the receive window counts. */
  flightPayload = 0
  lostCount = 0
  gapAckedBytes = 0

  #mask = INITIAL_CAPACITY - 1
  #messages = new Array<OutgoingMessage | undefined>(INITIAL_CAPACITY).fill(undefined)
  #offsets = new Uint32Array(INITIAL_CAPACITY)
  #lengths = new Uint16Array(INITIAL_CAPACITY)
  #states = new Uint8Array(INITIAL_CAPACITY)
  #transmissions = new Uint16Array(INITIAL_CAPACITY)
  #sentAt = new Float64Array(INITIAL_CAPACITY)
  #newer = new Int32Array(INITIAL_CAPACITY)
  #older = new Int32Array(INITIAL_CAPACITY)
  /** Ring index of what was sent longest ago, and last. */
  #oldest = NONE
  #newest = NONE
  /** No chunk below is lost. */
  #lostHint = 0

  get count(): number {
    return this.next - this.base
  }

  state(seq: number): number {
    return this.#states[seq & this.#mask]
  }

  message(seq: number): OutgoingMessage {
    const message = this.#messages[seq & this.#mask]
    if (message === undefined) {
      throw new RangeError(`no chunk has sequence number ${seq}`)
    }
    return message
  }

  offset(seq: number): number {
    return this.#offsets[seq & this.#mask]
  }

  length(seq: number): number {
    return this.#lengths[seq & this.#mask]
  }

  transmissions(seq: number): number {
    return this.#transmissions[seq & this.#mask]
  }

  sentAt(seq: number): number {
    return this.#sentAt[seq & this.#mask]
  }

  /** Bytes of the chunk in a packet. */
  wireSize(seq: number): number {
    return DATA_HEADER_LENGTH + padded(this.length(seq))
  }

  /** Gives the next sequence number to a fragment of `message`, in flight from now. */
  add(message: OutgoingMessage, offset: number, length: number, now: number): number {
    const seq = this.#allocate(message, offset, length)
    this.#enterFlight(seq, now)
    return seq
  }

  /** Gives the next sequence number to nothing: it stands for the rest of a message that was given up. */
  addAbandoned(message: OutgoingMessage): number {
    const seq = this.#allocate(message, message.fragmented, 0)
    this.#states[seq & this.#mask] = ChunkState.abandoned
    return seq
  }

  /** A lost chunk is sent again. */
  retransmit(seq: number, now: number): void {
    this.lostCount--
    this.#enterFlight(seq, now)
  }

  /** A chunk in flight is sent again, as a probe. */
  resend(seq: number, now: number): void {
    this.#leaveFlight(seq)
    this.#enterFlight(seq, now)
  }

  markLost(seq: number): void {
    this.#leaveFlight(seq)
    this.#states[seq & this.#mask] = ChunkState.lost
    this.lostCount++
    this.#lostHint = Math.min(this.#lostHint, seq)
  }

  markGapAcked(seq: number): void {
    this.#leave(seq)
    this.gapAckedBytes += this.wireSize(seq)
    this.#states[seq & this.#mask] = ChunkState.gapAcked
  }

  /** The peer no longer reports what it had reported (RFC 9260 section 6.2.1): it is to be sent again. */
  markReneged(seq: number): void {
    this.gapAckedBytes -= this.wireSize(seq)
    this.#states[seq & this.#mask] = ChunkState.lost
    this.lostCount++
    this.#lostHint = Math.min(this.#lostHint, seq)
  }

  markAbandoned(seq: number): void {
    this.#leave(seq)
    this.#states[seq & this.#mask] = ChunkState.abandoned
  }

  /** The chunk at {@link base} is acknowledged cumulatively. */
  releaseBase(): void {
    const seq = this.base++
    this.#leave(seq)
    const index = seq & this.#mask
    this.#states[index] = ChunkState.free
    const message = this.#messages[index]
    this.#messages[index] = undefined
    if (message?.onAcknowledged !== undefined && isWhole(message, seq)) {
      message.onAcknowledged(message.data)
    }
    this.#lostHint = Math.max(this.#lostHint, this.base)
  }

  /** The lost chunk with the lowest number, or -1. */
  firstLost(): number {
    if (this.lostCount === 0) {
      return NONE
    }
    let seq = this.#lostHint
    while (this.#states[seq & this.#mask] !== ChunkState.lost) {
      seq++
    }
    this.#lostHint = seq
    return seq
  }

  /** The chunk in flight that was sent longest ago, or -1. */
  oldestInFlight(): number {
    return this.#oldest === NONE ? NONE : this.#seqAt(this.#oldest)
  }

  /** The chunk in flight with the highest number, or -1. */
  highestInFlight(): number {
    for (let seq = this.next - 1; seq >= this.base; seq--) {
      if (this.#states[seq & this.#mask] === ChunkState.inFlight) {
        return seq
      }
    }
    return NONE
  }

  /** Gives the memory of a large flight back when nothing is outstanding. */
  trim(): void {
    if (this.count === 0 && this.#mask >= INITIAL_CAPACITY) {
      this.#resize(INITIAL_CAPACITY)
    }
  }

  #leave(seq: number): void {
    const state = this.#states[seq & this.#mask]
    if (state === ChunkState.inFlight) {
      this.#leaveFlight(seq)
    } else if (state === ChunkState.lost) {
      this.lostCount--
    } else if (state === ChunkState.gapAcked) {
      this.gapAckedBytes -= this.wireSize(seq)
    }
  }

  #allocate(message: OutgoingMessage, offset: number, length: number): number {
    if (this.count > this.#mask) {
      this.#resize(2 * (this.#mask + 1))
    }
    const seq = this.next++
    const index = seq & this.#mask
    this.#messages[index] = message
    this.#offsets[index] = offset
    this.#lengths[index] = length
    this.#transmissions[index] = 0
    if (message.firstSeq < 0) {
      message.firstSeq = seq
    }
    message.lastSeq = seq
    return seq
  }

  #enterFlight(seq: number, now: number): void {
    const index = seq & this.#mask
    this.#states[index] = ChunkState.inFlight
    this.#sentAt[index] = now
    if (this.#transmissions[index] < 0xffff) {
      this.#transmissions[index]++
    }
    this.flightBytes += DATA_HEADER_LENGTH + padded(this.#lengths[index])
    this.flightPayload += this.#lengths[index]
    this.#older[index] = this.#newest
    this.#newer[index] = NONE
    if (this.#newest === NONE) {
      this.#oldest = index
    } else {
      this.#newer[this.#newest] = index
    }
    this.#newest = index
  }

  #leaveFlight(seq: number): void {
    const index = seq & this.#mask
    this.flightBytes -= DATA_HEADER_LENGTH + padded(this.#lengths[index])
    this.flightPayload -= this.#lengths[index]
    const older = this.#older[index]
    const newer = this.#newer[index]
    if (older === NONE) {
      this.#oldest = newer
    } else {
      this.#newer[older] = newer
    }
    if (newer === NONE) {
      this.#newest = older
    } else {
      this.#older[newer] = older
    }
  }

  #seqAt(index: number): number {
    return this.base + ((index - this.base) & this.#mask)
  }

  #resize(capacity: number): void {
    const oldMask = this.#mask
    const mask = capacity - 1
    const moved = (index: number): number => (index === NONE ? NONE : this.#seqAt(index) & mask)
    const messages = new Array<OutgoingMessage | undefined>(capacity).fill(undefined)
    const offsets = new Uint32Array(capacity)
    const lengths = new Uint16Array(capacity)
    const states = new Uint8Array(capacity)
    const transmissions = new Uint16Array(capacity)
    const sentAt = new Float64Array(capacity)
    const newer = new Int32Array(capacity)
    const older = new Int32Array(capacity)
    for (let seq = this.base; seq < this.next; seq++) {
      const from = seq & oldMask
      const to = seq & mask
      messages[to] = this.#messages[from]
      offsets[to] = this.#offsets[from]
      lengths[to] = this.#lengths[from]
      states[to] = this.#states[from]
      transmissions[to] = this.#transmissions[from]
      sentAt[to] = this.#sentAt[from]
      if (this.#states[from] === ChunkState.inFlight) {
        newer[to] = moved(this.#newer[from])
        older[to] = moved(this.#older[from])
      }
    }
    this.#oldest = moved(this.#oldest)
    this.#newest = moved(this.#newest)
    this.#mask = mask
    this.#messages = messages
    this.#offsets = offsets
    this.#lengths = lengths
    this.#states = states
    this.#transmissions = transmissions
    this.#sentAt = sentAt
    this.#newer = newer
    this.#older = older
  }
}

/** Whether `seq` is the last of all fragments of a message that was not given up. */
function isWhole(message: OutgoingMessage, seq: number): boolean {
  return seq === message.lastSeq && message.fragmented === message.data.length && !message.abandoned
}
