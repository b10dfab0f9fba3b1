import { FRAME_COST_BYTES, INITIAL_CREDIT_BYTES, MAX_FRAME_BYTES } from '../constants.ts'
import { Fifo } from './fifo.ts'
import {
  encodeBeginHeader,
  encodeChannelFrame,
  encodeContinueHeader,
  laneOf,
  type Lane,
  type MessageHeader
} from './frame.ts'

/** A message that waits to be sent. Exactly one of `onSent` and `onFailed` is called, or neither after `remove`. */
export interface OutgoingMessage {
  readonly header: MessageHeader
  readonly empty: boolean
  readonly body: Uint8Array
  onSent(): void
  onFailed(error: Error): void
}

interface Queued {
  readonly message: OutgoingMessage
  readonly lane: Lane
  offset: number
  begun: boolean
  /** The next frame of it; forgotten when anything that it depends on changes. */
  plan: Plan | undefined
}

interface Plan {
  readonly header: Uint8Array
  readonly chunkLength: number
  /** The frame is the last of its message. */
  readonly end: boolean
}

/**
 * The sender's side of a channel (sans-IO): splits messages into frames and keeps to the receiver's credit. Replies go
 * first; a message that has begun is finished before the next of its lane.
 */
export class Outbox {
  readonly #usesCredit: boolean
  readonly #lanes: Record<Lane, Fifo<Queued>> = { replies: new Fifo(), messages: new Fifo() }
  /** Lanes whose message was taken back in the middle: the peer is to be told before anything else goes. */
  readonly #abandoned: Lane[] = []
  #creditLimit = INITIAL_CREDIT_BYTES
  #creditUsed = 0
  #frameBytes = MAX_FRAME_BYTES
  #queuedBytes = 0
  #framesSent = 0
  #mayBeginSplit = false

  /** @param usesCredit reliable channels; the others drop instead of waiting */
  constructor(usesCredit: boolean) {
    this.#usesCredit = usesCredit
  }

  /** Bytes of bodies not yet handed out as frames. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get queuedMessages(): number {
    return this.#lanes.messages.length + this.#lanes.replies.length
  }

  get isEmpty(): boolean {
    return [this.#abandoned, this.#lanes.replies, this.#lanes.messages].every(({ length }) => length === 0)
  }

  /** Frames of both lanes handed out so far: what `fin` announces. */
  get framesSent(): number {
    return this.#framesSent
  }

  /** The largest frame, header included. */
  setFrameBytes(bytes: number): void {
    this.#frameBytes = bytes
    for (const queue of Object.values(this.#lanes)) for (const queued of queue) queued.plan = undefined
  }

  /** The receiver allows `limit` in all. A smaller one than before is an old frame overtaken by a newer. */
  setCredit(limit: number): void {
    this.#creditLimit = Math.max(this.#creditLimit, limit)
    // Only from here on the receiver's largest message is known: a larger one must not be begun.
    this.#mayBeginSplit = true
  }

  enqueue(message: OutgoingMessage): void {
    const lane = laneOf(message.header)
    this.#lanes[lane].push({ message, lane, offset: 0, begun: false, plan: undefined })
    this.#queuedBytes += message.body.length
  }

  /** Takes a message back, where not all of it has been handed out. */
  remove(message: OutgoingMessage): void {
    const lane = laneOf(message.header)
    const queued = this.#lanes[lane].take((each) => each.message === message)
    if (queued === undefined) return
    this.#queuedBytes -= queued.message.body.length - queued.offset
    if (queued.begun) this.#abandoned.push(lane)
  }

  /** Fails everything that `matches` and has not begun, and forgets it. */
  fail(error: Error, matches: (message: OutgoingMessage) => boolean): void {
    this.#failThose(error, (queued) => !queued.begun && matches(queued.message))
  }

  /** Fails everything, also what has begun. */
  failAll(error: Error): void {
    this.#failThose(error, () => true)
  }

  /** Whether `nextFrame` has one. */
  get isReady(): boolean {
    return this.#abandoned.length > 0 || this.#nextQueued() !== undefined
  }

  /** The next frame to hand to the data channel, if credit allows one. */
  nextFrame(): Uint8Array<ArrayBuffer> | undefined {
    const abandoned = this.#abandoned.shift()
    if (abandoned !== undefined) return encodeChannelFrame({ type: 'abandon', lane: abandoned })
    const queued = this.#nextQueued()
    if (queued === undefined) return undefined
    const { header, chunkLength } = (queued.plan ??= this.#plan(queued))
    const { message } = queued
    const frame = new Uint8Array(header.length + chunkLength)
    frame.set(header)
    frame.set(message.body.subarray(queued.offset, queued.offset + chunkLength), header.length)
    queued.offset += chunkLength
    queued.begun = true
    queued.plan = undefined
    this.#queuedBytes -= chunkLength
    this.#framesSent++
    if (queued.lane === 'messages') this.#creditUsed += frame.length + FRAME_COST_BYTES
    if (queued.offset === message.body.length) {
      this.#lanes[queued.lane].shift()
      message.onSent()
    }
    return frame
  }

  #nextQueued(): Queued | undefined {
    const reply = this.#lanes.replies.first
    if (reply !== undefined && this.#mayGo(reply)) return reply
    const message = this.#lanes.messages.first
    return message !== undefined && this.#mayGo(message) ? message : undefined
  }

  #mayGo(queued: Queued): boolean {
    if (!this.#usesCredit) return true
    const { header, chunkLength, end } = (queued.plan ??= this.#plan(queued))
    if (!queued.begun && !end && !this.#mayBeginSplit) return false
    if (queued.lane === 'replies') return true
    return this.#creditUsed + header.length + chunkLength + FRAME_COST_BYTES <= this.#creditLimit
  }

  #plan(queued: Queued): Plan {
    const { message, lane } = queued
    const left = message.body.length - queued.offset
    if (queued.begun) {
      const chunkLength = Math.min(left, this.#frameBytes - 1)
      const end = chunkLength === left
      return { header: encodeContinueHeader(lane, end), chunkLength, end }
    }
    const whole = encodeBeginHeader(message.header, left, true, message.empty)
    if (whole.length + left <= this.#frameBytes) return { header: whole, chunkLength: left, end: true }
    const header = encodeBeginHeader(message.header, left, false, message.empty)
    return { header, chunkLength: this.#frameBytes - header.length, end: false }
  }

  #failThose(error: Error, matches: (queued: Queued) => boolean): void {
    for (const queue of Object.values(this.#lanes)) {
      for (const { message, offset } of queue.takeAll(matches)) {
        this.#queuedBytes -= message.body.length - offset
        message.onFailed(error)
      }
    }
  }
}
