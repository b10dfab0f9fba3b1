import type { Clock } from '../clock.ts'
import { MAX_TEXT_BYTES, MAX_TYPE_BYTES } from '../constants.ts'
import {
  AbortError,
  HandlerExistsError,
  MessageTypeError,
  NoHandlerError,
  PayloadDecodeError,
  RemoteHandlerError,
  RequestTimeoutError,
  SessionOptionError,
  TooManyRequestsError
} from '../errors.ts'
import { truncateUtf8, utf8Length } from '../wire/text.ts'
import type { ChannelCodec } from './codec.ts'
import type { MessageHeader } from './frame.ts'
import type { IncomingMessage } from './reassembler.ts'

/** What a handler learns about a message beside its payload. */
export interface HandlerContext {
  readonly remotePeer: string
  /** Label of the channel. */
  readonly channel: string
  readonly type: string
  /** Aborted when nobody waits for the result any more: cancelled, or channel or session closed. */
  readonly signal: AbortSignal
}

/**
 * Answers requests, and takes notifications, of one message type. What it returns (or resolves to) is the response;
 * what it throws goes to the requester as `RemoteHandlerError` and to us as the event `handler:error`.
 */
export type MessageHandler<Payload = never, Result = unknown> = (
  payload: Payload,
  context: HandlerContext
) => Result

export interface RequestOptions {
  signal?: AbortSignal
  /** How long to wait for the response, in milliseconds. @default 30_000 */
  timeoutMs?: number
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 30_000

/** Why a request failed on the other side. */
type ErrorCode = 'no-handler' | 'handler-failed' | 'bad-payload' | 'bad-response'

/** What the router needs of its channel. */
export interface RouterHost {
  readonly remotePeer: string
  readonly label: string
  readonly codec: ChannelCodec<unknown>
  readonly clock: Clock
  readonly maxPendingRequests: number
  readonly maxRunningHandlers: number
  /** Sends a message; rejects where it cannot be encoded, is too large, or the channel closes. */
  post(header: MessageHeader, payload: unknown, signal?: AbortSignal): Promise<void>
  /** Sends text as it is, without the codec; resolves once it has left. Never fails: a closed channel has nobody wait. */
  postError(id: number, code: string, text: string): Promise<void>
  cancel(id: number): void
  /** The incoming message has been dealt with. */
  done(message: IncomingMessage): void
  reportHandlerError(type: string, error: unknown): void
  reportUndecodable(error: PayloadDecodeError): void
}

interface PendingRequest {
  resolve(payload: unknown): void
  reject(error: Error): void
}

type TypedMessage = IncomingMessage & { readonly header: Extract<MessageHeader, { type: string }> }

/** Routes typed messages of one channel to handlers, and responses to the requests that wait for them. */
export class MessageRouter {
  readonly #host: RouterHost
  readonly #handlers = new Map<string, MessageHandler>()
  readonly #pending = new Map<number, PendingRequest>()
  readonly #running = new Map<TypedMessage, AbortController>()
  /** In the order in which they came. */
  readonly #waiting = new Set<TypedMessage>()
  /** Requests that wait or run, by their id: a cancel costs the peer next to nothing, so it must not cost us a search. */
  readonly #requests = new Map<number, TypedMessage>()
  #lastId = 0
  #closed: Error | undefined

  constructor(host: RouterHost) {
    this.#host = host
  }

  get pendingRequests(): number {
    return this.#pending.size
  }

  /** Messages whose handler has not begun. */
  get waitingMessages(): number {
    return this.#waiting.size
  }

  get runningHandlers(): number {
    return this.#running.size
  }

  /** @throws {MessageTypeError} {HandlerExistsError} */
  handle(type: string, handler: MessageHandler): void {
    checkMessageType(type)
    if (this.#handlers.has(type)) {
      throw new HandlerExistsError(
        `channel "${this.#host.label}" has a handler for "${type}" already: unhandle it first`
      )
    }
    this.#handlers.set(type, handler)
  }

  unhandle(type: string): void {
    this.#handlers.delete(type)
  }

  async notify(type: string, payload: unknown, signal?: AbortSignal): Promise<void> {
    checkMessageType(type)
    await this.#host.post({ kind: 'notify', type }, payload, signal)
  }

  async request(type: string, payload: unknown, options: RequestOptions = {}): Promise<unknown> {
    const { signal, timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = options
    checkMessageType(type)
    if (!(timeoutMs > 0)) throw new SessionOptionError('timeoutMs must be a number of milliseconds above 0')
    if (signal?.aborted === true) throw new AbortError(signal)
    if (this.#closed !== undefined) throw this.#closed
    const { clock, label, maxPendingRequests } = this.#host
    if (this.#pending.size >= maxPendingRequests) {
      throw new TooManyRequestsError(
        `${maxPendingRequests} requests on channel "${label}" wait for a response: wait for some of them first`
      )
    }
    const id = ++this.#lastId
    const response = Promise.withResolvers<unknown>()
    this.#pending.set(id, response)
    const sending = new AbortController()
    const giveUp = (error: Error): void => {
      response.reject(error)
      sending.abort(error)
      this.#host.cancel(id)
    }
    const onAbort = (): void => giveUp(new AbortError(signal))
    signal?.addEventListener('abort', onAbort)
    const timer = clock.setTimeout(
      () => giveUp(new RequestTimeoutError(`no response to "${type}" within ${timeoutMs} ms`)),
      Math.min(timeoutMs, 2 ** 31 - 1)
    )
    try {
      this.#host.post({ kind: 'request', id, type }, payload, sending.signal).catch((error: unknown) => {
        response.reject(error)
      })
      return await response.promise
    } finally {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#pending.delete(id)
    }
  }

  /** Whether a request of ours waits for a reply with this id. */
  isAwaited(id: number): boolean {
    return this.#pending.has(id)
  }

  /** Takes a typed message, a response or an error that came. */
  receive(message: IncomingMessage): void {
    const { header } = message
    switch (header.kind) {
      case 'request':
      case 'notify':
        this.#wait({ ...message, header })
        return
      case 'response':
        this.#settle(header.id, message)
        return
      case 'error':
        this.#fail(header.id, header.code, new TextDecoder().decode(message.body.subarray(0, MAX_TEXT_BYTES)))
        return
      case 'message':
        return
    }
  }

  /** The peer no longer waits for request `id`. */
  receiveCancel(id: number): void {
    const message = this.#requests.get(id)
    if (message === undefined) return
    if (this.#waiting.delete(message)) this.#finish(message)
    else this.#running.get(message)?.abort(new AbortError())
  }

  /** Rejects what waits for a response and aborts what runs. */
  close(error: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    for (const pending of this.#pending.values()) pending.reject(error)
    for (const controller of this.#running.values()) controller.abort(error)
    for (const message of this.#waiting) this.#finish(message)
    this.#waiting.clear()
  }

  #wait(message: TypedMessage): void {
    this.#waiting.add(message)
    if (message.header.kind === 'request') this.#requests.set(message.header.id, message)
    this.#runWaiting()
  }

  /** Nothing more is to be done about it. */
  #finish(message: TypedMessage): void {
    const { header } = message
    if (header.kind === 'request' && this.#requests.get(header.id) === message)
      this.#requests.delete(header.id)
    this.#host.done(message)
  }

  #runWaiting(): void {
    while (this.#running.size < this.#host.maxRunningHandlers && this.#closed === undefined) {
      const [message] = this.#waiting
      if (message === undefined) return
      this.#waiting.delete(message)
      const controller = new AbortController()
      this.#running.set(message, controller)
      void this.#run(message, controller.signal).finally(() => {
        this.#running.delete(message)
        this.#finish(message)
        this.#runWaiting()
      })
    }
  }

  /**
   * Runs one handler, until its reply has left: a peer that asks and does not read what is said runs out of handlers.
   * Never rejects: whatever goes wrong is the handler's or the peer's, not the channel's.
   */
  async #run(message: TypedMessage, signal: AbortSignal): Promise<void> {
    const { header } = message
    const { type } = header
    const refuse = async (code: ErrorCode, text: string): Promise<void> => {
      if (header.kind !== 'request') return
      await this.#host.postError(header.id, code, truncateUtf8(text, MAX_TEXT_BYTES))
    }
    const handler = this.#handlers.get(type)
    if (handler === undefined) {
      await refuse('no-handler', type)
      return
    }
    const decoded = this.decode(message)
    if (decoded.error !== undefined) {
      this.#host.reportUndecodable(decoded.error)
      await refuse('bad-payload', decoded.error.message)
      return
    }
    const { remotePeer, label: channel } = this.#host
    let result: unknown
    try {
      result = await handler(decoded.payload as never, { remotePeer, channel, type, signal })
    } catch (error) {
      this.#host.reportHandlerError(type, error)
      await refuse('handler-failed', error instanceof Error ? error.message : 'the handler failed')
      return
    }
    if (header.kind !== 'request' || signal.aborted) return
    try {
      await this.#host.post({ kind: 'response', id: header.id }, result, signal)
    } catch (error) {
      if (signal.aborted || this.#closed !== undefined) return
      this.#host.reportHandlerError(type, error)
      await refuse('bad-response', error instanceof Error ? error.message : 'the response could not be sent')
    }
  }

  /** Decodes a body; a codec that throws is the sender's fault or a mismatch, and contained. */
  decode(message: IncomingMessage): { payload: unknown; error?: undefined } | { error: PayloadDecodeError } {
    if (message.empty) return { payload: undefined }
    const { codec, label } = this.#host
    try {
      return { payload: codec.decode(message.body) }
    } catch (cause) {
      const text = `the codec "${codec.name}" of channel "${label}" cannot read a message of ${message.body.length} bytes`
      return { error: new PayloadDecodeError(`${text}: do both sides use the same codec?`, { cause }) }
    }
  }

  #settle(id: number, message: IncomingMessage): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    const decoded = this.decode(message)
    if (decoded.error === undefined) pending.resolve(decoded.payload)
    else pending.reject(decoded.error)
  }

  #fail(id: number, code: string, text: string): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    if (code === 'no-handler') {
      pending.reject(
        new NoHandlerError(`the peer has no handler for "${text}" on channel "${this.#host.label}"`)
      )
    } else {
      pending.reject(new RemoteHandlerError(code, text))
    }
  }
}

/** @throws {MessageTypeError} no message can have this type */
export function checkMessageType(type: string): void {
  const length = typeof type === 'string' ? utf8Length(type) : 0
  if (length < 1 || length > MAX_TYPE_BYTES) {
    throw new MessageTypeError(`a message type must be 1 to ${MAX_TYPE_BYTES} bytes of text`)
  }
}
