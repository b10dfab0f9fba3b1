import { TypedEventEmitter, type EventHandler } from 'main-event'
import type { Clock } from '../clock.ts'
import { DEFAULT_MAX_MESSAGE_SIZE, MAX_FRAME_BYTES, MAX_QUEUED_BYTES } from '../constants.ts'
import {
  AbortError,
  ChannelClosedError,
  MessageTooLargeError,
  PayloadEncodeError,
  SendQueueFullError,
  type PayloadDecodeError,
  type SessionError
} from '../errors.ts'
import type { DataChannelLike } from '../peer-connection.ts'
import type { Channel, ChannelEvents, ChannelState, ChannelStats } from './channel.ts'
import { ChannelReceiver } from './channel-receiver.ts'
import { ChannelTransport } from './channel-transport.ts'
import { unsplitLimit, type ChannelPriority, type ResolvedChannelOptions } from './channel-options.ts'
import { encodeChannelFrame, type ChannelFrame, type MessageHeader } from './frame.ts'
import { MessageQueue } from './message-queue.ts'
import { MessageRouter, type MessageHandler, type RequestOptions } from './message-router.ts'
import { Outbox, type OutgoingMessage } from './outbox.ts'
import { messageCost } from './credit-ledger.ts'
import type { IncomingMessage } from './reassembler.ts'
import type { SendScheduler, SendSource } from './send-scheduler.ts'

/** What a channel needs of its session. */
export interface ChannelHost {
  readonly remotePeer: string
  readonly clock: Clock
  readonly scheduler: SendScheduler
  /** Whether the peer's `hello` is verified: nothing passes before. */
  isVerified(): boolean
  /** Why the session is ending, once it is. */
  endingError(): SessionError | undefined
  /** Bytes came before that; the session bounds them. @returns whether they may be kept */
  reserveEarly(bytes: number): boolean
  /** A frame went, or came. */
  onSent(): void
  onReceived(): void
  onViolation(channel: SessionChannel, problem: string): void
  onHandlerError(channel: SessionChannel, type: string, error: unknown): void
  onInvalid(channel: SessionChannel, error: PayloadDecodeError): void
  /** It has come to its end, or has received all that the peer announced. */
  onProgress(channel: SessionChannel): void
  onClosed(channel: SessionChannel): void
}

interface Unread {
  readonly value: unknown
  readonly cost: number
}

const encoder = new TextEncoder()

/** `Channel` as the session makes it. Everything in it that is a decision lives in the sans-IO parts it joins. */
export class SessionChannel extends TypedEventEmitter<ChannelEvents<unknown>> implements Channel, SendSource {
  readonly label: string
  readonly options: ResolvedChannelOptions
  readonly #host: ChannelHost
  #transport: ChannelTransport
  readonly #outbox: Outbox
  readonly #receiver: ChannelReceiver
  readonly #router: MessageRouter
  readonly #unread: MessageQueue<Unread>
  #early: Uint8Array[] = []
  #unsent: Uint8Array<ArrayBuffer> | undefined
  #stalled = false
  #state: ChannelState = 'connecting'
  #peerMaxMessageSize = DEFAULT_MAX_MESSAGE_SIZE
  #unsplitBytes = unsplitLimit(MAX_FRAME_BYTES)
  #messagesSent = 0
  #bytesSent = 0
  #messagesInvalid = 0
  #finSent = false
  #failure: SessionError | undefined
  #drained: (() => void)[] = []

  constructor(label: string, options: ResolvedChannelOptions, host: ChannelHost) {
    super()
    this.label = label
    this.options = options
    this.#host = host
    this.#transport = this.#createTransport()
    this.#outbox = new Outbox(options.reliable)
    this.#router = new MessageRouter({
      remotePeer: host.remotePeer,
      label,
      codec: options.codec,
      clock: host.clock,
      maxPendingRequests: options.maxPendingRequests,
      maxRunningHandlers: options.maxRunningHandlers,
      post: (header, payload, signal) => this.#post(header, payload, signal),
      postError: (id, code, text) => this.#postError(id, code, text),
      cancel: (id) => this.#control({ type: 'cancel', id }),
      done: (message) => this.#release(messageCost(message.body.length)),
      reportHandlerError: (type, error) => {
        this.safeDispatchEvent('handler:error', { detail: { channel: label, type, error } })
        host.onHandlerError(this, type, error)
      },
      reportUndecodable: (error) => this.#reportInvalid(error)
    })
    this.#receiver = new ChannelReceiver(options, {
      deliver: (message) => this.#deliver(message),
      cancel: (id) => this.#router.receiveCancel(id),
      credit: (limit, maxMessageSize) => this.#handleCredit(limit, maxMessageSize),
      violation: (problem) => host.onViolation(this, problem),
      unreadMessages: () => this.#unread.length + this.#router.waitingMessages,
      refuse: (id) => this.#postError(id, 'bad-payload', 'the request is larger than this channel takes')
    })
    this.#unread = new MessageQueue(({ cost }) => this.#release(cost))
    host.scheduler.add(this)
  }

  get kind(): ResolvedChannelOptions['kind'] {
    return this.options.kind
  }

  get priority(): ChannelPriority {
    return this.options.priority
  }

  get state(): ChannelState {
    return this.#state
  }

  get bufferedAmount(): number {
    return this.#outbox.queuedBytes + this.#transport.bufferedBytes
  }

  send(message: unknown, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#post({ kind: 'message' }, message, options?.signal)
  }

  handle<Payload>(type: string, handler: MessageHandler<Payload>): void {
    this.#router.handle(type, handler)
  }

  unhandle(type: string): void {
    this.#router.unhandle(type)
  }

  notify(type: string, payload?: unknown, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#router.notify(type, payload, options?.signal)
  }

  async request<Response>(type: string, payload?: unknown, options?: RequestOptions): Promise<Response> {
    return (await this.#router.request(type, payload, options)) as Response
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return {
      next: async () => {
        const result = await this.#unread.next()
        return result.done === true ? result : { done: false, value: result.value.value }
      },
      return: () => Promise.resolve({ done: true, value: undefined })
    }
  }

  get source(): AsyncIterable<unknown, undefined> {
    return this
  }

  get sink(): (source: AsyncIterable<unknown> | Iterable<unknown>) => Promise<void> {
    return async (source) => {
      for await (const message of source) await this.send(message)
    }
  }

  override addEventListener<Type extends keyof ChannelEvents<unknown>>(
    type: Type,
    listener: EventHandler<ChannelEvents<unknown>[Type]> | null,
    options?: boolean | AddEventListenerOptions
  ): void {
    super.addEventListener(type, listener, options)
    if (type === 'message') queueMicrotask(() => this.#flushToListeners())
  }

  stats(): ChannelStats {
    return {
      label: this.label,
      kind: this.kind,
      priority: this.priority,
      state: this.#state,
      messagesSent: this.#messagesSent,
      messagesReceived: this.#receiver.messagesReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#receiver.bytesReceived,
      queuedBytes: this.#outbox.queuedBytes,
      bufferedAmount: this.#transport.bufferedBytes,
      unreadMessages: this.#unread.length,
      messagesDropped: this.#receiver.messagesDropped,
      messagesInvalid: this.#messagesInvalid,
      pendingRequests: this.#router.pendingRequests,
      runningHandlers: this.#router.runningHandlers
    }
  }

  async close(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#state === 'closed') return
    this.stopAccepting()
    await this.drain(options?.signal)
    this.sendFin()
    this.terminate(undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // What follows is for the session.

  /** Gives it a data channel. @returns false where it has two already */
  attach(dataChannel: DataChannelLike): boolean {
    return this.#transport.attach(dataChannel)
  }

  get isAttached(): boolean {
    return this.#transport.isAttached
  }

  /** Its peer connection is given up before anything passed; it waits for the next. */
  detach(): void {
    this.#transport.close()
    this.#transport = this.#createTransport()
    this.#early = []
  }

  /** The peer's `hello` is verified. */
  release(): void {
    this.#openIfReady()
    for (const bytes of this.#early.splice(0)) this.#receive(bytes)
  }

  /** The largest frame, header included, that the peer's stack takes. */
  setFrameBytes(bytes: number): void {
    this.#outbox.setFrameBytes(bytes)
    if (this.options.splits) return
    this.#unsplitBytes = unsplitLimit(bytes)
    this.#failLargerThan(this.#unsplitBytes)
  }

  /** From here on `send()` rejects; what is queued still goes. */
  stopAccepting(): void {
    if (this.#state === 'connecting' || this.#state === 'open') this.#state = 'closing'
  }

  /** Resolves when everything queued is in the data channel, or `signal` aborts. */
  drain(signal?: AbortSignal): Promise<void> {
    if (this.#isDrained || this.#state === 'closed' || signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained.push(resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Tells the peer how much was sent in all. */
  sendFin(): void {
    if (!this.options.reliable || this.#finSent || !this.#transport.isOpen) return
    this.#finSent = true
    this.#control({ type: 'fin', frames: this.#outbox.framesSent })
  }

  /** Whether everything that the peer announced in `fin` is here. */
  get hasReceivedAll(): boolean {
    return !this.options.reliable || !this.#transport.isOpen || this.#receiver.hasReceivedAll
  }

  /**
   * The end. Readers see what was received, then the end, or `error`.
   *
   * @param failure what waits to be sent or answered fails with
   */
  terminate(error: SessionError | undefined, failure: SessionError = this.#closedError()): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#failure = failure
    this.#transport.close()
    this.#host.scheduler.remove(this)
    this.#early = []
    this.#outbox.failAll(failure)
    this.#router.close(failure)
    this.#unread.end(error)
    for (const resolve of this.#drained.splice(0)) resolve()
    this.#host.onClosed(this)
    this.safeDispatchEvent('close', { detail: error })
  }

  // SendSource

  get bufferedBytes(): number {
    return this.#transport.bufferedBytes
  }

  get lowWatermarkBytes(): number {
    return this.options.lowWatermarkBytes
  }

  get canSend(): boolean {
    if (this.#stalled || !this.#host.isVerified() || !this.#transport.isOpen) return false
    if (this.#unsent === undefined && !this.#outbox.isReady) return false
    return this.#transport.bufferedBytes < this.options.highWatermarkBytes
  }

  sendFrame(): number {
    const frame = this.#unsent ?? this.#outbox.nextFrame()
    if (frame === undefined) return 0
    if (!this.#transport.send(frame)) {
      this.#unsent = frame
      this.#stalled = true
      return 0
    }
    this.#unsent = undefined
    this.#bytesSent += frame.length
    this.#host.onSent()
    if (this.#isDrained) for (const resolve of this.#drained.splice(0)) resolve()
    return frame.length
  }

  /** Closed by the peer after its `fin`, or cut off. */
  #handleTransportClose(): void {
    const isOrderly = !this.options.reliable || this.#receiver.hasReceivedAll
    const error = new ChannelClosedError(`channel "${this.label}" was cut off`)
    this.terminate(isOrderly ? undefined : (this.#host.endingError() ?? error))
  }

  #closedError(): SessionError {
    const ending = this.#host.endingError()
    if (ending !== undefined) return ending
    return new ChannelClosedError(`channel "${this.label}" is closed`)
  }

  get #isDrained(): boolean {
    return this.#outbox.isEmpty && this.#unsent === undefined
  }

  #createTransport(): ChannelTransport {
    return new ChannelTransport(
      {
        onOpen: () => this.#openIfReady(),
        onFrame: (bytes) => this.#receive(bytes),
        onForeign: () => this.#host.onViolation(this, 'text where a binary frame belongs'),
        onLow: () => this.#resume(),
        onClosed: () => this.#handleTransportClose()
      },
      this.options.lowWatermarkBytes
    )
  }

  #openIfReady(): void {
    if (!this.#transport.isOpen || !this.#host.isVerified()) return
    if (this.options.reliable) {
      const { maxMessageSize } = this.options
      this.#control({ type: 'credit', limit: this.#receiver.initialCredit(), maxMessageSize })
    }
    if (this.#state === 'connecting') {
      this.#state = 'open'
      this.safeDispatchEvent('open')
    }
    this.#host.scheduler.pump()
  }

  #resume(): void {
    this.#stalled = false
    this.#host.scheduler.pump()
  }

  async #post(header: MessageHeader, payload: unknown, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw new AbortError(signal)
    const isReply = header.kind === 'response'
    if (this.#state === 'closed' || (this.#state === 'closing' && !isReply)) {
      throw this.#failure ?? this.#closedError()
    }
    const empty = payload === undefined && header.kind !== 'message'
    const body = empty ? new Uint8Array(0) : this.#encode(payload)
    this.#checkSize(body.length)
    if (this.#outbox.queuedBytes > MAX_QUEUED_BYTES) {
      throw new SendQueueFullError(
        `channel "${this.label}" has ${this.#outbox.queuedBytes} bytes queued: await send() before sending more`
      )
    }
    await this.#enqueue(header, empty, body, signal)
  }

  #enqueue(header: MessageHeader, empty: boolean, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const onAbort = (): void => {
      if (this.#outbox.remove(message) === 'abandoned') this.#control({ type: 'abandon' })
      message.onFailed(new AbortError(signal))
      // Not at once: the same signal may be about to take back the next message too.
      queueMicrotask(() => this.#host.scheduler.pump())
    }
    const message: OutgoingMessage = {
      header,
      empty,
      body,
      onSent: () => {
        signal?.removeEventListener('abort', onAbort)
        this.#messagesSent++
        resolve(undefined)
      },
      onFailed: (error) => {
        signal?.removeEventListener('abort', onAbort)
        reject(error)
      }
    }
    signal?.addEventListener('abort', onAbort)
    this.#outbox.enqueue(message)
    this.#host.scheduler.pump()
    return promise
  }

  #postError(id: number, code: string, text: string): void {
    if (this.#state === 'closed') return
    const header: MessageHeader = { kind: 'error', id, code }
    this.#enqueue(header, false, encoder.encode(text)).catch(() => {
      // The channel closed: nobody waits for the reply any more.
    })
  }

  #encode(payload: unknown): Uint8Array {
    const { codec } = this.options
    let body: unknown
    try {
      body = codec.encode(payload)
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : 'it threw'
      throw new PayloadEncodeError(`channel "${this.label}" cannot encode the payload: ${problem}`, { cause })
    }
    if (body instanceof Uint8Array) return body
    throw new PayloadEncodeError(
      `the codec "${codec.name}" of channel "${this.label}" returned no Uint8Array`
    )
  }

  #checkSize(length: number): void {
    const { splits, maxMessageSize } = this.options
    const limit = Math.min(maxMessageSize, this.#peerMaxMessageSize, splits ? Infinity : this.#unsplitBytes)
    if (length <= limit) return
    const advice = splits
      ? 'send it in parts, or raise maxMessageSize on both sides'
      : `a channel that is unordered or unreliable does not split messages`
    throw new MessageTooLargeError(`channel "${this.label}" takes ${limit} bytes, not ${length}: ${advice}`)
  }

  /** Small frames that neither queue nor count. */
  #control(frame: ChannelFrame): void {
    if (this.#host.isVerified()) this.#transport.send(encodeChannelFrame(frame))
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'closed') return
    if (!this.#host.isVerified()) {
      if (this.#host.reserveEarly(bytes.length)) this.#early.push(bytes)
      return
    }
    this.#host.onReceived()
    this.#receiver.handleInput(bytes)
    this.#grant()
    if (this.#receiver.hasReceivedAll) this.#host.onProgress(this)
  }

  #handleCredit(limit: number, maxMessageSize: number): void {
    this.#outbox.setCredit(limit)
    this.#peerMaxMessageSize = maxMessageSize
    this.#failLargerThan(maxMessageSize)
    this.#host.scheduler.pump()
  }

  /** The peer's limits are known only now: what was queued before and is beyond them cannot go. */
  #failLargerThan(limit: number): void {
    const text = `the peer's end of channel "${this.label}" takes ${limit} bytes at most: send it in parts`
    this.#outbox.fail(new MessageTooLargeError(text), (message) => message.body.length > limit)
  }

  #deliver(message: IncomingMessage): void {
    const cost = messageCost(message.body.length)
    const { kind } = message.header
    if (kind !== 'message') {
      if (kind === 'request' || kind === 'notify') this.#receiver.hold(cost)
      this.#router.receive(message)
      return
    }
    const decoded = this.#router.decode(message)
    if (decoded.error !== undefined) {
      this.#reportInvalid(decoded.error)
      return
    }
    if (this.listenerCount('message') > 0) {
      this.safeDispatchEvent('message', { detail: decoded.payload })
      return
    }
    if (!this.options.reliable && this.#unread.length >= this.options.receiveQueueLength) {
      const oldest = this.#unread.shift()
      if (oldest !== undefined) this.#release(oldest.cost)
      this.#receiver.messagesDropped++
    }
    this.#receiver.hold(cost)
    this.#unread.push({ value: decoded.payload, cost })
  }

  #flushToListeners(): void {
    while (this.listenerCount('message') > 0) {
      const unread = this.#unread.shift()
      if (unread === undefined) return
      this.#release(unread.cost)
      this.safeDispatchEvent('message', { detail: unread.value })
    }
  }

  #release(cost: number): void {
    this.#receiver.release(cost)
    this.#grant()
  }

  #grant(): void {
    const limit = this.#receiver.creditUpdate()
    if (limit === undefined || this.#state === 'closed') return
    this.#control({ type: 'credit', limit, maxMessageSize: this.options.maxMessageSize })
  }

  #reportInvalid(error: PayloadDecodeError): void {
    this.#messagesInvalid++
    this.safeDispatchEvent('message:invalid', { detail: error })
    this.#host.onInvalid(this, error)
  }
}
