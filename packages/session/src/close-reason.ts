import { MAX_CODE_BYTES, MAX_TEXT_BYTES } from './constants.ts'
import { truncateUtf8 } from './wire/text.ts'

/** Codes that sessions give themselves. Applications may close with codes of their own (64 bytes at most). */
export type SessionCloseCode =
  /** `close()` without a reason. */
  | 'normal'
  /** The node is going away. */
  | 'shutdown'
  /** The dial was aborted by its caller. */
  | 'aborted'
  /** The peer authenticated, but would not take the offer. */
  | 'refused'
  /** The offer or answer could not be made, read or applied. */
  | 'negotiation-failed'
  /** Signaling found no path, failed or was closed before the connection stood. */
  | 'signaling-failed'
  | 'offer-timeout'
  | 'answer-timeout'
  | 'connect-timeout'
  /** ICE or DTLS gave up before the connection stood. */
  | 'connect-failed'
  /** The peer's `hello` does not fit this connection: somebody stands between the two. */
  | 'hello-mismatch'
  /** The peer broke the protocol. */
  | 'protocol-violation'
  /** The peer fell silent, or ICE or DTLS failed. */
  | 'connection-lost'
  /** The peer began a new session in place of this one. */
  | 'replaced'
  /** Another process with our identity, started later, took over. */
  | 'superseded'

/** Why a session ended; the same on both sides but for `by`. */
export interface CloseReason {
  readonly code: SessionCloseCode | (string & {})
  /** A line for a person. */
  readonly message: string
  /** Who ended it. */
  readonly by: 'local' | 'remote'
}

/** Makes a reason that fits the wire: code and message are cut to their limits. */
export function closeReason(
  code: CloseReason['code'],
  message = '',
  by: CloseReason['by'] = 'local'
): CloseReason {
  return {
    code: truncateUtf8(code, MAX_CODE_BYTES),
    message: truncateUtf8(message, MAX_TEXT_BYTES),
    by
  }
}

/** Whether both sides agreed to end: iterators then simply end instead of throwing. */
export function isGraceful(reason: CloseReason): boolean {
  return !FAILURES.has(reason.code)
}

const FAILURES: ReadonlySet<string> = new Set<SessionCloseCode>([
  'aborted',
  'refused',
  'negotiation-failed',
  'signaling-failed',
  'offer-timeout',
  'answer-timeout',
  'connect-timeout',
  'connect-failed',
  'hello-mismatch',
  'protocol-violation',
  'connection-lost',
  'superseded'
])

/** A reason as one line. */
export function formatCloseReason(reason: CloseReason): string {
  const text = reason.message === '' ? reason.code : `${reason.code}: ${reason.message}`
  return reason.by === 'remote' ? `${text} (said by the peer)` : text
}
