import { nextSsn } from '../serial.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import { StreamScheduler } from './stream-scheduler.ts'

/** What a queued message costs beside its bytes, roughly; so that empty messages are bounded too. */
const MESSAGE_OVERHEAD = 128

export interface SendQueueListener {
  /** The stream's buffered amount fell to its threshold or below. */
  bufferedAmountLow(streamId: number): void
  /** A message expired before any of it was sent. */
  messageExpired(): void
}

/** All that waits to be sent for the first time, by stream, and the choice of what goes next. */
export class SendQueue {
  readonly #listener: SendQueueListener
  readonly #streams = new Map<number, OutgoingStream>()
  readonly #scheduler = new StreamScheduler()
  /** The stream whose message is sent in part: nothing else may be given a TSN before its end. */
  #current: OutgoingStream | undefined
  #usedSpace = 0
  #draining = 0

  constructor(listener: SendQueueListener) {
    this.#listener = listener
  }

  get isEmpty(): boolean {
    return this.#scheduler.size === 0
  }

  /** Bytes queued, with the overhead of their messages. */
  get usedSpace(): number {
    return this.#usedSpace
  }

  /** Whether a stream is draining, so that a reset may be due. */
  get hasDraining(): boolean {
    return this.#draining > 0
  }

  /** What a message of `length` bytes adds to {@link usedSpace}. */
  static spaceOf(length: number): number {
    return length + MESSAGE_OVERHEAD
  }

  /** The stream, made where it does not exist. */
  stream(id: number): OutgoingStream {
    let stream = this.#streams.get(id)
    if (stream === undefined) {
      stream = new OutgoingStream(id)
      this.#streams.set(id, stream)
    }
    return stream
  }

  find(id: number): OutgoingStream | undefined {
    return this.#streams.get(id)
  }

  add(message: OutgoingMessage): void {
    const stream = this.stream(message.streamId)
    stream.append(message)
    this.#account(stream, message.data.length, SendQueue.spaceOf(message.data.length))
    if (stream.heapIndex < 0) {
      this.#scheduler.add(stream)
    }
  }

  /** The message to make the next fragment of. Messages that expired unsent are dropped on the way. */
  peek(now: number): OutgoingMessage | undefined {
    for (;;) {
      const stream = this.#current ?? this.#scheduler.first()
      const message = stream?.head
      if (stream === undefined || message === undefined) {
        return undefined
      }
      if (message.fragmented > 0 || message.expiresAt > now) {
        return message
      }
      this.#listener.messageExpired()
      this.#finish(stream, message)
    }
  }

  /** `length` more bytes of the message that `peek()` gave are in a fragment. */
  consume(message: OutgoingMessage, length: number): void {
    const stream = this.stream(message.streamId)
    if (message.fragmented === 0 && !message.unordered) {
      message.ssn = stream.nextSsn
      stream.nextSsn = nextSsn(stream.nextSsn)
    }
    message.fragmented += length
    if (message.fragmented >= message.data.length) {
      this.#account(stream, -length, -length - MESSAGE_OVERHEAD)
      this.#next(stream)
    } else {
      this.#current = stream
      this.#account(stream, -length, -length)
    }
    this.#notifyIfLow(stream, length)
  }

  /** Gives up what is left of a message of which a part is sent. */
  discardRest(message: OutgoingMessage): void {
    const stream = this.#streams.get(message.streamId)
    if (stream?.head === message) {
      this.#finish(stream, message)
    }
  }

  /** Puts messages that were (partly) sent but not acknowledged back to the front, to be sent from their start. */
  restore(messages: readonly OutgoingMessage[]): void {
    for (const stream of this.#streams.values()) {
      stream.nextSsn = 0
      if (stream.resetState === 'resetting') {
        stream.resetState = 'draining'
        this.#draining++
      }
    }
    const partial = this.#current?.head
    if (partial !== undefined && !messages.includes(partial)) {
      this.#rewind(partial)
    }
    this.#current = undefined
    for (const message of messages.toReversed()) {
      const stream = this.stream(message.streamId)
      if (stream.head === message) {
        this.#rewind(message)
        continue
      }
      this.#scheduler.remove(stream)
      message.fragmented = 0
      message.firstSeq = -1
      message.lastSeq = -1
      stream.prepend(message)
      this.#account(stream, message.data.length, SendQueue.spaceOf(message.data.length))
      this.#scheduler.add(stream)
    }
  }

  setPriority(id: number, priority: number): void {
    this.stream(id).priority = priority
  }

  /** The stream takes no more messages, and is to be reset when what it holds is sent. */
  drain(id: number): void {
    const stream = this.stream(id)
    if (stream.resetState === 'open') {
      stream.resetState = 'draining'
      this.#draining++
    }
  }

  /** Moves the draining streams that have nothing queued to `resetting`, `limit` at most, and gives their ids. */
  takeDrained(limit: number): number[] {
    const ids: number[] = []
    for (const stream of this.#streams.values()) {
      if (stream.resetState === 'draining' && stream.head === undefined && ids.length < limit) {
        stream.resetState = 'resetting'
        this.#draining--
        ids.push(stream.id)
      }
    }
    return ids
  }

  /** The peer has reset these: they begin anew with SSN 0, and with no priority or threshold. */
  finishReset(ids: readonly number[]): void {
    for (const id of ids) {
      this.#streams.delete(id)
    }
  }

  /** The peer refused: the streams go on as they were. */
  cancelReset(ids: readonly number[]): void {
    for (const id of ids) {
      this.stream(id).resetState = 'open'
    }
  }

  openStreamIds(): number[] {
    return [...this.#streams.values()].filter(({ resetState }) => resetState === 'open').map(({ id }) => id)
  }

  /** The peer has fewer streams: what waits for the others will never be sent. */
  removeStreamsFrom(limit: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.id >= limit) {
        this.#scheduler.remove(stream)
        for (let message = stream.head; message !== undefined; message = message.next) {
          this.#usedSpace -= SendQueue.spaceOf(message.data.length)
        }
        this.#streams.delete(stream.id)
        this.#draining -= stream.resetState === 'draining' ? 1 : 0
      }
    }
  }

  clear(): void {
    for (const stream of this.#streams.values()) {
      this.#scheduler.remove(stream)
    }
    this.#streams.clear()
    this.#current = undefined
    this.#usedSpace = 0
    this.#draining = 0
  }

  #rewind(message: OutgoingMessage): void {
    const stream = this.stream(message.streamId)
    this.#account(stream, message.fragmented, message.fragmented)
    message.fragmented = 0
    message.firstSeq = -1
    message.lastSeq = -1
  }

  #finish(stream: OutgoingStream, message: OutgoingMessage): void {
    const rest = message.data.length - message.fragmented
    this.#account(stream, -rest, -rest - MESSAGE_OVERHEAD)
    this.#next(stream)
    this.#notifyIfLow(stream, rest)
  }

  #next(stream: OutgoingStream): void {
    this.#current = undefined
    stream.removeHead()
    this.#scheduler.served(stream)
  }

  #account(stream: OutgoingStream, bytes: number, space: number): void {
    stream.bufferedAmount += bytes
    this.#usedSpace += space
  }

  #notifyIfLow(stream: OutgoingStream, fallenBy: number): void {
    const threshold = stream.bufferedAmountLowThreshold
    if (stream.bufferedAmount <= threshold && stream.bufferedAmount + fallenBy > threshold) {
      this.#listener.bufferedAmountLow(stream.id)
    }
  }
}
