import { TypedEventEmitter, type EventHandler } from 'main-event'
import type { Clock } from '../clock.ts'
import {
  ChannelClosedError,
  SessionOptionError,
  type PayloadDecodeError,
  type SessionError
} from '../errors.ts'
import type { DataChannelLike } from '../peer-connection.ts'
import type { Channel, ChannelEvents, ChannelState, ChannelStats, SendOptions } from './channel.ts'
import { ChannelReceiver } from './channel-receiver.ts'
import { ChannelSender } from './channel-sender.ts'
import { ChannelTransport } from './channel-transport.ts'
import type { ChannelPriority, ResolvedChannelOptions } from './channel-options.ts'
import type { MessageHeader } from './frame.ts'
import { Inbox } from './inbox.ts'
import { MessageRouter, type MessageHandler, type RequestOptions } from './message-router.ts'
import { messageCost } from './credit-ledger.ts'
import type { IncomingMessage } from './reassembler.ts'
import type { ReceiveBudget } from './receive-budget.ts'
import type { SendScheduler, SendSource } from './send-scheduler.ts'

/** What a channel needs of its session. */
export interface ChannelHost {
  readonly remotePeer: string
  readonly clock: Clock
  readonly scheduler: SendScheduler
  readonly receiveBudget: ReceiveBudget
  /** Whether the peer's `hello` is verified: nothing passes before. */
  isVerified(): boolean
  /** Why the session is ending, once it is. */
  endingError(): SessionError | undefined
  /** A frame of this cost came before that; the session bounds them. @returns whether it may be kept */
  reserveEarly(cost: number): boolean
  /** A message came with a mark. @returns whether it is to be delivered */
  acceptMarked(channel: SessionChannel, mark: number): boolean
  /** A frame went, or came. */
  onSent(channel: SessionChannel): void
  onReceived(channel: SessionChannel): void
  onViolation(channel: SessionChannel, problem: string): void
  onHandlerError(channel: SessionChannel, type: string, error: unknown): void
  onInvalid(channel: SessionChannel, error: PayloadDecodeError): void
  /** It has come to its end, or has received all that the peer announced. */
  onProgress(channel: SessionChannel): void
  onClosed(channel: SessionChannel): void
}

/** `Channel` as the session makes it. Everything in it that is a decision lives in the sans-IO parts it joins. */
export class SessionChannel extends TypedEventEmitter<ChannelEvents<unknown>> implements Channel, SendSource {
  readonly label: string
  readonly options: ResolvedChannelOptions
  readonly #host: ChannelHost
  readonly #transport: ChannelTransport
  readonly #sender: ChannelSender
  readonly #receiver: ChannelReceiver
  readonly #router: MessageRouter
  readonly #inbox: Inbox
  #early: Uint8Array[] = []
  #state: ChannelState = 'connecting'
  #messagesInvalid = 0
  #lastUsedAt: number
  #failure: SessionError | undefined

  constructor(label: string, options: ResolvedChannelOptions, host: ChannelHost) {
    super()
    this.label = label
    this.options = options
    this.#host = host
    this.#lastUsedAt = host.clock.now()
    this.#transport = new ChannelTransport(
      {
        onOpen: () => this.#openIfReady(),
        onFrame: (bytes) => this.#receive(bytes),
        onForeign: () => host.onViolation(this, 'text where a binary frame belongs'),
        onLow: () => this.#sender.resume(),
        onClosed: () => this.#handleTransportClose()
      },
      options.lowWatermarkBytes
    )
    this.#sender = new ChannelSender({
      label,
      options,
      transport: this.#transport,
      isVerified: () => host.isVerified(),
      pump: () => host.scheduler.pump(),
      onSent: () => {
        this.#lastUsedAt = host.clock.now()
        host.onSent(this)
      }
    })
    this.#router = new MessageRouter({
      remotePeer: host.remotePeer,
      label,
      codec: options.codec,
      clock: host.clock,
      maxPendingRequests: options.maxPendingRequests,
      maxRunningHandlers: options.maxRunningHandlers,
      post: (header, payload, signal) => this.#post(header, payload, signal),
      postError: (id, code, text) => this.#postError(id, code, text),
      cancel: (id) => this.#sender.control({ type: 'cancel', id }),
      done: (message) => this.#release(messageCost(message.body.length)),
      reportHandlerError: (type, error) => {
        this.safeDispatchEvent('handler:error', { detail: { channel: label, type, error } })
        host.onHandlerError(this, type, error)
      },
      reportUndecodable: (error) => this.#reportInvalid(error)
    })
    this.#receiver = new ChannelReceiver(
      options,
      {
        deliver: (message) => this.#deliver(message),
        cancel: (id) => this.#router.receiveCancel(id),
        credit: (limit, maxMessageSize) => this.#sender.setPeerLimits(limit, maxMessageSize),
        violation: (problem) => host.onViolation(this, problem),
        unreadMessages: () => this.#inbox.length + this.#router.waitingMessages,
        isAwaited: (id) => this.#router.isAwaited(id),
        refuse: (id) => void this.#refuse(id),
        onRoom: () => this.#grant()
      },
      host.receiveBudget
    )
    this.#inbox = new Inbox(
      {
        hasListeners: () => this.listenerCount('message') > 0,
        dispatch: (detail) => this.safeDispatchEvent('message', { detail }),
        hold: (cost) => this.#receiver.hold(cost),
        release: (cost) => this.#release(cost),
        onDropped: () => this.#receiver.messagesDropped++
      },
      options.reliable ? Infinity : options.receiveQueueLength
    )
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
    return this.#sender.queuedBytes + this.#transport.bufferedBytes
  }

  send(message: unknown, { signal, mark }: SendOptions = {}): Promise<void> {
    return this.#post(mark === undefined ? { kind: 'message' } : { kind: 'message', mark }, message, signal)
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
      next: () => this.#inbox.next(),
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
    if (type === 'message') queueMicrotask(() => this.#inbox.flush())
  }

  stats(): ChannelStats {
    return {
      label: this.label,
      kind: this.kind,
      priority: this.priority,
      state: this.#state,
      messagesSent: this.#sender.messagesSent,
      messagesReceived: this.#receiver.messagesReceived,
      bytesSent: this.#sender.bytesSent,
      bytesReceived: this.#receiver.bytesReceived,
      queuedBytes: this.#sender.queuedBytes,
      bufferedAmount: this.#transport.bufferedBytes,
      unreadMessages: this.#inbox.length,
      messagesDropped: this.#receiver.messagesDropped,
      messagesInvalid: this.#messagesInvalid,
      pendingRequests: this.#router.pendingRequests,
      runningHandlers: this.#router.runningHandlers,
      idleMs: this.#host.clock.now() - this.#lastUsedAt
    }
  }

  async close(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#state === 'closed') return
    this.stopAccepting()
    await this.#sender.drain(options?.signal)
    this.#sender.sendFin()
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
    this.#transport.reset()
    this.#early = []
  }

  /** The peer's `hello` is verified. */
  release(): void {
    this.#openIfReady()
    for (const bytes of this.#early.splice(0)) this.#receive(bytes)
  }

  /** The largest frame, header included, that the peer's stack takes. */
  setFrameBytes(bytes: number): void {
    this.#sender.setFrameBytes(bytes)
  }

  /** From here on `send()` rejects; what is queued still goes. */
  stopAccepting(): void {
    if (this.#state === 'connecting' || this.#state === 'open') this.#state = 'closing'
  }

  /** Resolves when everything queued is in the data channel, or `signal` aborts. */
  drain(signal?: AbortSignal): Promise<void> {
    return this.#sender.drain(signal)
  }

  /** Tells the peer how much was sent in all. */
  sendFin(): void {
    this.#sender.sendFin()
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
    this.#sender.fail(failure)
    this.#router.close(failure)
    this.#receiver.close()
    this.#inbox.end(error)
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
    return this.#sender.canSend
  }

  sendFrame(): number {
    return this.#sender.sendFrame()
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

  #openIfReady(): void {
    if (!this.#transport.isOpen || !this.#host.isVerified()) return
    if (this.options.reliable) {
      const { maxMessageSize } = this.options
      this.#sender.control({ type: 'credit', limit: this.#receiver.initialCredit(), maxMessageSize })
    }
    if (this.#state === 'connecting') {
      this.#state = 'open'
      this.safeDispatchEvent('open')
    }
    this.#host.scheduler.pump()
  }

  async #post(header: MessageHeader, payload: unknown, signal?: AbortSignal): Promise<void> {
    const isReply = header.kind === 'response'
    if (this.#state === 'closed' || (this.#state === 'closing' && !isReply)) {
      throw this.#failure ?? this.#closedError()
    }
    if (header.kind === 'message' && header.mark !== undefined && !isMark(header.mark)) {
      throw new SessionOptionError(`a message's mark must be a whole number from 0 on, not ${header.mark}`)
    }
    await this.#sender.post(header, payload, signal)
  }

  async #postError(id: number, code: string, text: string): Promise<void> {
    if (this.#state === 'closed') return
    try {
      await this.#sender.postText({ kind: 'error', id, code }, text)
    } catch {
      // The channel closed: nobody waits for the reply any more.
    }
  }

  /** A request that was not taken costs the peer credit all the same, until it has been told. */
  async #refuse(id: number): Promise<void> {
    const cost = messageCost(0)
    this.#receiver.hold(cost)
    await this.#postError(id, 'bad-payload', 'the request is larger than this channel takes')
    this.#release(cost)
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'closed') return
    if (!this.#host.isVerified()) {
      if (this.#host.reserveEarly(messageCost(bytes.length))) this.#early.push(bytes)
      return
    }
    this.#lastUsedAt = this.#host.clock.now()
    this.#host.onReceived(this)
    this.#receiver.handleInput(bytes)
    this.#grant()
    if (this.#receiver.hasReceivedAll) this.#host.onProgress(this)
  }

  #deliver(message: IncomingMessage): void {
    const cost = messageCost(message.body.length)
    const { header } = message
    if (header.kind !== 'message') {
      if (header.kind === 'request' || header.kind === 'notify') this.#receiver.hold(cost)
      this.#router.receive(message)
      return
    }
    if (header.mark !== undefined && !this.#host.acceptMarked(this, header.mark)) return
    const decoded = this.#router.decode(message)
    if (decoded.error !== undefined) {
      this.#reportInvalid(decoded.error)
      return
    }
    this.#inbox.deliver(decoded.payload, cost)
  }

  #release(cost: number): void {
    this.#receiver.release(cost)
    this.#grant()
  }

  #grant(): void {
    const limit = this.#receiver.creditUpdate()
    if (limit === undefined || this.#state === 'closed') return
    this.#sender.control({ type: 'credit', limit, maxMessageSize: this.options.maxMessageSize })
  }

  #reportInvalid(error: PayloadDecodeError): void {
    this.#messagesInvalid++
    this.safeDispatchEvent('message:invalid', { detail: error })
    this.#host.onInvalid(this, error)
  }
}

function isMark(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
