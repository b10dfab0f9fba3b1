import { formatCloseReason, type CloseReason } from './close-reason.ts'

/** The base of all errors of this package. Match `name` or `code`, never the message. */
export abstract class SessionError extends Error {
  abstract readonly code: string
}

/** The operation was aborted through its `signal`. */
export class AbortError extends SessionError {
  static override readonly name: string = 'AbortError'
  override readonly name = 'AbortError'
  readonly code = 'ERR_ABORTED'

  constructor(signal?: AbortSignal) {
    super('the operation was aborted', { cause: signal?.reason })
  }
}

/** An option of `PeerSession` or of a channel has a value that cannot be used. */
export class SessionOptionError extends SessionError {
  static override readonly name: string = 'SessionOptionError'
  override readonly name = 'SessionOptionError'
  readonly code = 'ERR_SESSION_OPTION'
}

/** The method does not fit the state of the session, such as a second `dial()`. */
export class SessionStateError extends SessionError {
  static override readonly name: string = 'SessionStateError'
  override readonly name = 'SessionStateError'
  readonly code = 'ERR_SESSION_STATE'
}

/** The session is over; `reason` says why. */
export class SessionClosedError extends SessionError {
  static override readonly name: string = 'SessionClosedError'
  override readonly name = 'SessionClosedError'
  readonly code = 'ERR_SESSION_CLOSED'
  readonly reason: CloseReason

  constructor(reason: CloseReason, options?: ErrorOptions) {
    super(`the session is closed (${formatCloseReason(reason)})`, options)
    this.reason = reason
  }
}

/** The peer connection could not be made; the cause names the option at fault. */
export class PeerConnectionError extends SessionError {
  static override readonly name: string = 'PeerConnectionError'
  override readonly name = 'PeerConnectionError'
  readonly code = 'ERR_PEER_CONNECTION'
}

/** No answer came to our offer in time. */
export class OfferTimeoutError extends SessionError {
  static override readonly name: string = 'OfferTimeoutError'
  override readonly name = 'OfferTimeoutError'
  readonly code = 'ERR_OFFER_TIMEOUT'
}

/** Our answer to an offer was not ready in time. */
export class AnswerTimeoutError extends SessionError {
  static override readonly name: string = 'AnswerTimeoutError'
  override readonly name = 'AnswerTimeoutError'
  readonly code = 'ERR_ANSWER_TIMEOUT'
}

/** ICE, DTLS and `hello` were not done in time. */
export class ConnectTimeoutError extends SessionError {
  static override readonly name: string = 'ConnectTimeoutError'
  override readonly name = 'ConnectTimeoutError'
  readonly code = 'ERR_CONNECT_TIMEOUT'
}

/** The peer authenticated, but would not take the offer. */
export class RefusedError extends SessionError {
  static override readonly name: string = 'RefusedError'
  override readonly name = 'RefusedError'
  readonly code = 'ERR_REFUSED'
  readonly refusal: string

  constructor(refusal: string) {
    super(`the peer refused the connection: ${refusal}`)
    this.refusal = refusal
  }
}

/** Signaling failed before the connection stood; the cause is its error. */
export class SignalingError extends SessionError {
  static override readonly name: string = 'SignalingError'
  override readonly name = 'SignalingError'
  readonly code = 'ERR_SIGNALING'
}

/** An offer or answer could not be made, read or applied. */
export class NegotiationError extends SessionError {
  static override readonly name: string = 'NegotiationError'
  override readonly name = 'NegotiationError'
  readonly code = 'ERR_NEGOTIATION'
}

/** ICE or DTLS gave up before the connection stood. */
export class ConnectError extends SessionError {
  static override readonly name: string = 'ConnectError'
  override readonly name = 'ConnectError'
  readonly code = 'ERR_CONNECT'
}

/** The peer's `hello` does not fit this connection: somebody stands between the two. */
export class HelloMismatchError extends SessionError {
  static override readonly name: string = 'HelloMismatchError'
  override readonly name = 'HelloMismatchError'
  readonly code = 'ERR_HELLO_MISMATCH'
}

/** The channel is closed. */
export class ChannelClosedError extends SessionError {
  static override readonly name: string = 'ChannelClosedError'
  override readonly name = 'ChannelClosedError'
  readonly code = 'ERR_CHANNEL_CLOSED'
}

/** More is queued than the channel may hold: `await` what `send()` returns before sending more. */
export class SendQueueFullError extends SessionError {
  static override readonly name: string = 'SendQueueFullError'
  override readonly name = 'SendQueueFullError'
  readonly code = 'ERR_SEND_QUEUE_FULL'
}

/** The message is larger than the channel, or the peer's end of it, takes. */
export class MessageTooLargeError extends SessionError {
  static override readonly name: string = 'MessageTooLargeError'
  override readonly name = 'MessageTooLargeError'
  readonly code = 'ERR_MESSAGE_TOO_LARGE'
}

/** The channel's codec cannot encode the payload. */
export class PayloadEncodeError extends SessionError {
  static override readonly name: string = 'PayloadEncodeError'
  override readonly name = 'PayloadEncodeError'
  readonly code = 'ERR_PAYLOAD_ENCODE'
}

/** The channel's codec cannot decode what the peer sent: do both sides use the same codec? */
export class PayloadDecodeError extends SessionError {
  static override readonly name: string = 'PayloadDecodeError'
  override readonly name = 'PayloadDecodeError'
  readonly code = 'ERR_PAYLOAD_DECODE'
}

/** A message type that is not 1 to 128 bytes of text. */
export class MessageTypeError extends SessionError {
  static override readonly name: string = 'MessageTypeError'
  override readonly name = 'MessageTypeError'
  readonly code = 'ERR_MESSAGE_TYPE'
}

/** A second handler for one message type of one channel. */
export class HandlerExistsError extends SessionError {
  static override readonly name: string = 'HandlerExistsError'
  override readonly name = 'HandlerExistsError'
  readonly code = 'ERR_HANDLER_EXISTS'
}

/** No reply came in time. The peer may or may not have handled the request. */
export class RequestTimeoutError extends SessionError {
  static override readonly name: string = 'RequestTimeoutError'
  override readonly name = 'RequestTimeoutError'
  readonly code = 'ERR_REQUEST_TIMEOUT'
}

/** Too many requests of this channel wait for a reply: wait for some of them first. */
export class TooManyRequestsError extends SessionError {
  static override readonly name: string = 'TooManyRequestsError'
  override readonly name = 'TooManyRequestsError'
  readonly code = 'ERR_TOO_MANY_REQUESTS'
}

/** The peer has no handler for this message type on this channel. */
export class NoHandlerError extends SessionError {
  static override readonly name: string = 'NoHandlerError'
  override readonly name = 'NoHandlerError'
  readonly code = 'ERR_NO_HANDLER'
}

/** The peer's handler failed. The message is the one of its error; its stack stays with the peer. */
export class RemoteHandlerError extends SessionError {
  static override readonly name: string = 'RemoteHandlerError'
  override readonly name = 'RemoteHandlerError'
  readonly code = 'ERR_REMOTE_HANDLER'
  /** `handler-failed`, `bad-payload` (it could not read ours) or `bad-response` (it could not write its own). */
  readonly remoteCode: string

  constructor(remoteCode: string, message: string) {
    super(message)
    this.remoteCode = remoteCode
  }
}
