/**
 * What this package throws at its user. Nothing that the network sends makes it throw. Match on `code`; the message
 * is for people and may change.
 */
export type SctpErrorCode =
  | 'ERR_SCTP_INVALID_OPTION'
  | 'ERR_SCTP_INVALID_STATE'
  | 'ERR_SCTP_INVALID_STREAM'
  | 'ERR_SCTP_STREAM_RESETTING'
  | 'ERR_SCTP_EMPTY_MESSAGE'
  | 'ERR_SCTP_SEND_BUFFER_FULL'
  | 'ERR_SCTP_PACKET_BUFFER_TOO_SMALL'
  | 'ERR_SCTP_LABEL_TOO_LONG'

export class SctpError extends Error {
  static override readonly name = 'SctpError'
  override readonly name = 'SctpError'
  readonly code: SctpErrorCode

  constructor(code: SctpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
