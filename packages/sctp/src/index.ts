/**
 * An SCTP association for WebRTC data channels (RFC 9260, 8831) and DCEP (RFC 8832), as a core without I/O and
 * without dependencies. See {@link SctpAssociation} for how to drive one.
 *
 * @packageDocumentation
 */
export { SctpAssociation, type SctpAssociationInit, type SctpStatus } from './association/sctp-association.ts'
export type { AssociationStateName } from './association/state.ts'
export type { Authenticate } from './association/state-cookie.ts'
export type { SctpCounters } from './counters.ts'
export {
  DataChannelPriority,
  decodeDcepMessage,
  encodeDcepMessage,
  type DataChannelOpen,
  type DcepMessage
} from './dcep.ts'
export { SctpError, type SctpErrorCode } from './errors.ts'
export type { CloseReason, MessageEvent, SctpEvent } from './events.ts'
export { DEFAULT_SCTP_OPTIONS, type SctpOptions } from './options.ts'
export type { ErrorCause } from './packet/error-cause.ts'
export { Ppid } from './ppid.ts'
export type { SendOptions } from './tx/outgoing-message.ts'
