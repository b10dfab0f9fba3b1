import {
  DEFAULT_MAX_MESSAGE_SIZE,
  MAX_FRAME_BYTES,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_MESSAGES
} from '../constants.ts'
import {
  AbortError,
  MessageTooLargeError,
  PayloadEncodeError,
  SendQueueFullError,
  type SessionError
} from '../errors.ts'
import { unsplitLimit, type ResolvedChannelOptions } from './channel-options.ts'
import type { ChannelTransport } from './channel-transport.ts'
import { encodeChannelFrame, type ChannelFrame, type MessageHeader } from './frame.ts'
import { Outbox, type OutgoingMessage } from './outbox.ts'

/** What the sending half needs of its channel. */
export interface SenderHost {
  readonly label: string
  readonly options: ResolvedChannelOptions
  readonly transport: ChannelTransport
  /** Whether frames may go yet. */
  isVerified(): boolean
  /** Something has become ready to go. */
  pump(): void
  onSent(): void
}

const encoder = new TextEncoder()

/** The sending half of a channel: checks and encodes messages, queues them, and hands frames to the data channel. */
export class ChannelSender {
  messagesSent = 0
  bytesSent = 0
  readonly #host: SenderHost
  readonly #outbox: Outbox
  #unsent: Uint8Array<ArrayBuffer> | undefined
  #stalled = false
  #peerMaxMessageSize = DEFAULT_MAX_MESSAGE_SIZE
  #unsplitBytes = unsplitLimit(MAX_FRAME_BYTES)
  #finSent = false
  #drained: (() => void)[] = []

  constructor(host: SenderHost) {
    this.#host = host
    this.#outbox = new Outbox(host.options.reliable)
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes
  }

  /** Whether a frame may go now. */
  get canSend(): boolean {
    const { transport, options } = this.#host
    if (this.#stalled || !this.#host.isVerified() || !transport.isOpen) return false
    if (this.#unsent === undefined && !this.#outbox.isReady) return false
    return transport.bufferedBytes < options.highWatermarkBytes
  }

  /** Hands one frame to the data channel. @returns its length */
  sendFrame(): number {
    const frame = this.#unsent ?? this.#outbox.nextFrame()
    if (frame === undefined) return 0
    if (!this.#host.transport.send(frame)) {
      this.#unsent = frame
      this.#stalled = true
      return 0
    }
    this.#unsent = undefined
    this.bytesSent += frame.length
    this.#host.onSent()
    if (this.#isDrained) this.#resolveDrained()
    return frame.length
  }

  /** The data channel has room again. */
  resume(): void {
    this.#stalled = false
    this.#host.pump()
  }

  /** Sends a message. Rejects as `Channel.send()` does. */
  async post(header: MessageHeader, payload: unknown, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw new AbortError(signal)
    const empty = payload === undefined && header.kind !== 'message'
    const body = empty ? new Uint8Array(0) : this.#encode(payload)
    this.#checkSize(body.length)
    const { queuedBytes, queuedMessages } = this.#outbox
    if (queuedBytes > MAX_QUEUED_BYTES || queuedMessages >= MAX_QUEUED_MESSAGES) {
      throw new SendQueueFullError(
        `channel "${this.#host.label}" has ${queuedMessages} messages of ${queuedBytes} bytes queued: ` +
          'await send() before sending more'
      )
    }
    await this.#enqueue(header, empty, body, signal)
  }

  /** Sends a line of text as it is, without the codec. */
  postText(header: MessageHeader, text: string): Promise<void> {
    return this.#enqueue(header, false, encoder.encode(text))
  }

  /** Sends a small frame that neither queues nor counts. */
  control(frame: ChannelFrame): void {
    if (this.#host.isVerified()) this.#host.transport.send(encodeChannelFrame(frame))
  }

  /** The largest frame, header included, that the peer's stack takes. */
  setFrameBytes(bytes: number): void {
    this.#outbox.setFrameBytes(bytes)
    if (this.#host.options.splits) return
    this.#unsplitBytes = unsplitLimit(bytes)
    this.#failLargerThan(this.#unsplitBytes)
  }

  /** What the peer's end of the channel allows. */
  setPeerLimits(credit: number, maxMessageSize: number): void {
    this.#outbox.setCredit(credit)
    const isLess = maxMessageSize < this.#peerMaxMessageSize
    this.#peerMaxMessageSize = maxMessageSize
    if (isLess) this.#failLargerThan(maxMessageSize)
    this.#host.pump()
  }

  /** Resolves when everything queued is in the data channel, or `signal` aborts. */
  drain(signal?: AbortSignal): Promise<void> {
    if (this.#isDrained || signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained.push(resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Tells the peer how much was sent in all. */
  sendFin(): void {
    if (!this.#host.options.reliable || this.#finSent || !this.#host.transport.isOpen) return
    this.#finSent = true
    this.control({ type: 'fin', frames: this.#outbox.framesSent })
  }

  /** The end: whatever still waits fails. */
  fail(error: SessionError): void {
    this.#outbox.failAll(error)
    this.#resolveDrained()
  }

  get #isDrained(): boolean {
    return this.#outbox.isEmpty && this.#unsent === undefined
  }

  #resolveDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #enqueue(header: MessageHeader, empty: boolean, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const onAbort = (): void => {
      this.#outbox.remove(message)
      message.onFailed(new AbortError(signal))
      // Not at once: the same signal may be about to take back the next message too.
      queueMicrotask(() => this.#host.pump())
    }
    const message: OutgoingMessage = {
      header,
      empty,
      body,
      onSent: () => {
        signal?.removeEventListener('abort', onAbort)
        this.messagesSent++
        resolve(undefined)
      },
      onFailed: (error) => {
        signal?.removeEventListener('abort', onAbort)
        reject(error)
      }
    }
    signal?.addEventListener('abort', onAbort)
    this.#outbox.enqueue(message)
    this.#host.pump()
    return promise
  }

  #encode(payload: unknown): Uint8Array {
    const { label, options } = this.#host
    const { codec } = options
    let body: unknown
    try {
      body = codec.encode(payload)
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : 'it threw'
      throw new PayloadEncodeError(`channel "${label}" cannot encode the payload: ${problem}`, { cause })
    }
    if (body instanceof Uint8Array) return body
    throw new PayloadEncodeError(`the codec "${codec.name}" of channel "${label}" returned no Uint8Array`)
  }

  #checkSize(length: number): void {
    const { splits, maxMessageSize } = this.#host.options
    const limit = Math.min(maxMessageSize, this.#peerMaxMessageSize, splits ? Infinity : this.#unsplitBytes)
    if (length <= limit) return
    const advice = splits
      ? 'send it in parts, or raise maxMessageSize on both sides'
      : 'a channel that is unordered or unreliable does not split messages'
    throw new MessageTooLargeError(
      `channel "${this.#host.label}" takes ${limit} bytes, not ${length}: ${advice}`
    )
  }

  /** The peer's limits are known only now: what was queued before and is beyond them cannot go. */
  #failLargerThan(limit: number): void {
    const text = `the peer's end of channel "${this.#host.label}" takes ${limit} bytes at most: send it in parts`
    this.#outbox.fail(new MessageTooLargeError(text), (message) => message.body.length > limit)
  }
}
