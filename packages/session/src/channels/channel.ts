import type { TypedEventTarget } from 'main-event'
import type { HandlerContext, MessageHandler, RequestOptions } from './message-router.ts'
import type { ChannelKind, ChannelPriority } from './channel-options.ts'

export type { HandlerContext, MessageHandler, RequestOptions }

export type ChannelState = 'connecting' | 'open' | 'closing' | 'closed'

export interface HandlerErrorDetail {
  /** Label of the channel. */
  readonly channel: string
  readonly type: string
  /** What the handler threw, or why its result could not be sent. */
  readonly error: unknown
}

export interface SendOptions {
  /** Takes back what has not been sent. */
  signal?: AbortSignal
  /**
   * What the sender knows the message by, where it goes to others too, or another way: a whole number. The receiver may
   * refuse a message by its mark (`PeerSessionInit.acceptMarked`). On the channel `default` of a mesh it is the counter of
   * a broadcast. @default none
   */
  mark?: number
}

export interface ChannelEvents<Message> {
  /** It can send: the session is connected and the data channel open. */
  open: CustomEvent
  /** A message of the peer's `send()`. With a listener, messages no longer go to `for await`. */
  message: CustomEvent<Message>
  /** A message came that the codec cannot read; it was dropped. */
  'message:invalid': CustomEvent<Error>
  /** A handler threw, or its result could not be sent. */
  'handler:error': CustomEvent<HandlerErrorDetail>
  /** Over. The detail is the error where it did not end in order. */
  close: CustomEvent<Error | undefined>
}

/** Counters of one channel since it was made. */
export interface ChannelStats {
  readonly label: string
  readonly kind: ChannelKind
  readonly priority: ChannelPriority
  readonly state: ChannelState
  readonly messagesSent: number
  readonly messagesReceived: number
  /** Bytes of frames, headers included. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Bytes of messages that wait in this channel to be sent. */
  readonly queuedBytes: number
  /** Bytes in the data channel's own buffer. */
  readonly bufferedAmount: number
  /** Messages that wait for the application to take them. */
  readonly unreadMessages: number
  /** Messages of an unreliable channel dropped because the application fell behind, or larger than allowed. */
  readonly messagesDropped: number
  /** Messages that the codec could not read. */
  readonly messagesInvalid: number
  readonly pendingRequests: number
  readonly runningHandlers: number
  /** Since anything of it last went or came, or since it was made, in milliseconds. */
  readonly idleMs: number
}

/**
 * A typed stream of messages to one peer: `send()` and `for await`, `request()` and `handle()`. It is also a duplex of
 * it-pipe. See docs/guides/channels.md and docs/guides/handlers.md.
 */
export interface Channel<Message = unknown>
  extends TypedEventTarget<ChannelEvents<Message>>, AsyncIterable<Message, undefined>, AsyncDisposable {
  readonly label: string
  readonly kind: ChannelKind
  readonly priority: ChannelPriority
  readonly state: ChannelState
  /** Bytes not yet on the network: queued here and in the data channel. */
  readonly bufferedAmount: number

  /**
   * Sends one message. Resolves once all of it is in the data channel's buffer, which it enters only while that is
   * below the high watermark and, on a reliable channel, the receiver has room: awaiting it is the backpressure. May be
   * called before the session is connected. Aborting takes back what has not been sent.
   *
   * @throws {PayloadEncodeError} {MessageTooLargeError} {SendQueueFullError} {ChannelClosedError} {SessionClosedError}
   *   {AbortError} {SessionOptionError} the mark is no whole number
   */
  send(message: Message, options?: SendOptions): Promise<void>

  /** Runs `handler` for messages of `type`. @throws {MessageTypeError} {HandlerExistsError} */
  handle<Payload = Message>(type: string, handler: MessageHandler<Payload>): void
  unhandle(type: string): void

  /** Sends a typed message to the peer's handler, without a reply. Rejects as `send()`. */
  notify(type: string, payload?: unknown, options?: { signal?: AbortSignal }): Promise<void>

  /**
   * Sends a typed message and waits for what the peer's handler returns.
   *
   * @throws {RequestTimeoutError} {NoHandlerError} {RemoteHandlerError} {TooManyRequestsError} {PayloadDecodeError} and
   *   what `send()` throws
   */
  request<Response = unknown>(type: string, payload?: unknown, options?: RequestOptions): Promise<Response>

  /** What is left of the messages received, then those to come. Ends with the channel. */
  readonly source: AsyncIterable<Message, undefined>
  /** Sends everything from a source, and leaves the channel open. */
  readonly sink: (source: AsyncIterable<Message> | Iterable<Message>) => Promise<void>

  stats(): ChannelStats
  /** Sends what is queued (until `signal` aborts), then closes it on both sides. Idempotent. */
  close(options?: { signal?: AbortSignal }): Promise<void>
}
