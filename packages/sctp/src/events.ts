import type { AssociationStateName } from './association/state.ts'
import type { ErrorCause } from './packet/error-cause.ts'

/** Why an association ended. */
export type CloseReason =
  /** SHUTDOWN, ours or the peer's: all data was acknowledged. */
  | { kind: 'shutdown' }
  /** `abort()` was called here. */
  | { kind: 'aborted' }
  /** The peer sent ABORT, with its causes. */
  | { kind: 'aborted-by-peer'; causes: ErrorCause[] }
  /** The peer did not answer within the allowed retransmissions. */
  | { kind: 'timeout'; during: 'handshake' | 'transfer' | 'shutdown' }
  /** The peer did what no peer may; it was sent an ABORT that says so. */
  | { kind: 'protocol-violation'; explanation: string }

export interface MessageEvent {
  type: 'message'
  streamId: number
  ppid: number
  /** Owned by the receiver; fills its `ArrayBuffer`. */
  data: Uint8Array
}

/** What `pollEvent()` gives, in the order in which it happened. */
export type SctpEvent =
  | MessageEvent
  | { type: 'state-change'; from: AssociationStateName; to: AssociationStateName }
  | {
      type: 'connected'
      /** Streams on which `send()` works: ids from 0 to one less. */
      outboundStreams: number
      inboundStreams: number
    }
  /** The peer began anew (RFC 9260 section 5.2): streams are at their start, unacknowledged messages go again. */
  | { type: 'restarted' }
  /** The peer reset its outgoing streams; an empty list means all. */
  | { type: 'incoming-streams-reset'; streamIds: number[] }
  /** The peer asks us to reset these (RFC 6525 section 5.2.3): no more messages are taken, what is queued is sent. */
  | { type: 'outgoing-reset-requested'; streamIds: number[] }
  /** The peer has confirmed our reset: the ids may be used again. */
  | { type: 'outgoing-streams-reset'; streamIds: number[] }
  /** The peer refused to reset; the streams go on as they were. */
  | { type: 'outgoing-streams-reset-failed'; streamIds: number[] }
  /** `bufferedAmount(streamId)` fell to its threshold. */
  | { type: 'buffered-amount-low'; streamId: number }
  | { type: 'closed'; reason: CloseReason }
