export { bytesCodec, jsonCodec, textCodec, type ChannelCodec, type CodecName } from './channels/codec.ts'
export type { ChannelKind, ChannelOptions, ChannelPriority } from './channels/channel-options.ts'
export type {
  Channel,
  ChannelEvents,
  ChannelState,
  ChannelStats,
  HandlerContext,
  HandlerErrorDetail,
  MessageHandler,
  RequestOptions,
  SendOptions
} from './channels/channel.ts'
export { checkMessageType } from './channels/message-router.ts'
export { systemClock, type Clock } from './clock.ts'
export { formatCloseReason, type CloseReason, type SessionCloseCode } from './close-reason.ts'
export { DEFAULT_LIVENESS, type LivenessOptions, type SessionTimeouts } from './constants.ts'
export * from './errors.ts'
export type { SessionLogger } from './logger.ts'
export type {
  DataChannelInit,
  DataChannelLike,
  IceCandidateInitLike,
  PeerConnectionLike,
  SessionDescriptionLike
} from './peer-connection.ts'
export { PeerSession } from './peer-session.ts'
export type { DialSessionOptions, PeerSessionEvents, PeerSessionInit } from './peer-session-init.ts'
export type { SelectedCandidate, SelectedCandidatePair } from './selected-candidate-pair.ts'
export type { NegotiationTimings, SessionStats } from './session-stats.ts'
export type {
  SessionEventType,
  SessionRole,
  SessionState,
  SessionStateName,
  Transition
} from './state/session-state.ts'
export { TRANSITIONS } from './state/transition-table.ts'
