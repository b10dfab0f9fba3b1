/** Version of everything a session says on the wire (docs/specs/session.md). Another version is refused. */
export const SESSION_VERSION = 1

/** Label of the control channel; it is negotiated, with id 0. */
export const CONTROL_LABEL = 'hearsay'

/** Label of the channel that `session.request()` and `session.handle()` use. */
export const DEFAULT_LABEL = 'default'

/** Channels beside the control channel that one session may have. Chromium has 1,024 streams in all. */
export const MAX_CHANNELS = 256

/** Channels that a session may declare ahead: their list must fit an offer of 15 KiB with room to spare. */
export const MAX_DECLARED_CHANNELS = 64

/** UTF-8 bytes of a channel's label: they travel in the offer. */
export const MAX_LABEL_BYTES = 64

/** UTF-8 bytes of a codec's name. */
export const MAX_CODEC_NAME_BYTES = 32

/** UTF-8 bytes of a message type. */
export const MAX_TYPE_BYTES = 128

/** UTF-8 bytes of the text in a close reason or in an error reply: a line for a person, not a payload. */
export const MAX_TEXT_BYTES = 1024

/** UTF-8 bytes of a close code. */
export const MAX_CODE_BYTES = 64

/** The largest frame on a data channel, header included: the message size that every WebRTC stack takes (RFC 8841). */
export const MAX_FRAME_BYTES = 65_536

/** A peer whose stack takes less cannot be worked with; none is known. */
export const MIN_FRAME_BYTES = 1_200

/** Credit that a reliable channel has before its receiver has said anything. */
export const INITIAL_CREDIT_BYTES = 262_144

/** The largest message of a channel unless its options say otherwise: it is held in memory on both sides. */
export const DEFAULT_MAX_MESSAGE_SIZE = 67_108_864

/** What a receiver holds of messages that its application has not taken yet, unless the options say otherwise. */
export const DEFAULT_RECEIVE_WINDOW_BYTES = 1_048_576

/**
 * What all channels of a session together hold of messages that are larger than their windows, beside one of any size:
 * two of the largest. Beyond it such messages are received one after another.
 */
export const MAX_RECEIVED_BYTES = 134_217_728

/** Messages of an unreliable channel that wait for the application; beyond it the oldest is dropped. */
export const DEFAULT_RECEIVE_QUEUE_LENGTH = 256

/** Requests of one channel that wait for a reply at a time. */
export const DEFAULT_MAX_PENDING_REQUESTS = 1024

/** Handlers of one channel that run at a time; further messages wait in the receive window. */
export const DEFAULT_MAX_RUNNING_HANDLERS = 64

/** Bytes that all channels of a session together keep in the buffers of the stack below. */
export const DEFAULT_SESSION_BUFFER_BYTES = 2_097_152

/** Bytes on data channels, and `FRAME_COST_BYTES` a frame, that may come before the peer's `hello` has been verified. */
export const MAX_EARLY_BYTES = 1_048_576

/** How long a description waits for host candidates: they take a few milliseconds, anything else trickles. */
export const HOST_CANDIDATE_WAIT_MS = 20

/** How long trickled candidates are collected into one message. */
export const CANDIDATE_BATCH_MS = 20

/** How long after a renewal of signaling that failed the next is tried: the old keys still serve for long. */
export const RENEWAL_RETRY_MS = 60_000

/** Remote candidates that a session takes for one ICE generation; a host with eight interfaces has about 40. */
export const MAX_REMOTE_CANDIDATES = 64

/** What may wait on the control channel: a peer that pings and does not read the answers gets none any more. */
export const MAX_CONTROL_BUFFER_BYTES = 65_536

/** Transitions kept for debugging. */
export const DEFAULT_HISTORY_LENGTH = 64

/** How long a session may take for each of its steps, in milliseconds. */
export interface SessionTimeouts {
  /** From `dial()` to the peer's answer. @default 10_000 */
  offerTimeoutMs: number
  /** From the arrival of an offer until our answer is on its way. @default 5_000 */
  answerTimeoutMs: number
  /** From the answer until ICE, DTLS and `hello` are done. @default 15_000 */
  connectTimeoutMs: number
  /** For sending what is queued and saying goodbye in `close()`. @default 2_000 */
  flushTimeoutMs: number
}

export const DEFAULT_TIMEOUTS: SessionTimeouts = {
  offerTimeoutMs: 10_000,
  answerTimeoutMs: 5_000,
  connectTimeoutMs: 15_000,
  flushTimeoutMs: 2_000
}

/** When a silent peer is asked for a sign of life, and when it is suspected and given up, in milliseconds. */
export interface LivenessOptions {
  /** Silence until a ping while data moves. @default 1_000 */
  activeBeatMs: number
  /** Silence until suspicion while data moves. @default 2_500 */
  activeSuspicionMs: number
  /** How long after the last application data the session still counts as active. @default 5_000 */
  activeForMs: number
  /** Silence until a ping where somebody stands on the session who sends nothing, as a link of the overlay does. @default 2_000 */
  alertBeatMs: number
  /** Silence until suspicion there. @default 5_000 */
  alertSuspicionMs: number
  /** Silence until a ping on an idle session. @default 15_000 */
  idleBeatMs: number
  /** Silence until suspicion on an idle session. @default 40_000 */
  idleSuspicionMs: number
  /** From suspicion until the connection is given up as lost. @default 2_500 */
  graceMs: number
}

export const DEFAULT_LIVENESS: LivenessOptions = {
  activeBeatMs: 1_000,
  activeSuspicionMs: 2_500,
  activeForMs: 5_000,
  alertBeatMs: 2_000,
  alertSuspicionMs: 5_000,
  idleBeatMs: 15_000,
  idleSuspicionMs: 40_000,
  graceMs: 2_500
}

/** What every message frame costs of a channel's credit beside its bytes: small messages take memory too. */
export const FRAME_COST_BYTES = 64

/** Bytes that `send()` calls nobody waited for may leave queued on one channel, beside one message of any size. */
export const MAX_QUEUED_BYTES = 67_108_864

/** Messages that may be queued on one channel: many small ones take memory too. */
export const MAX_QUEUED_MESSAGES = 65_536

/** How long the side that was told goodbye waits for the other to hang up. */
export const HANG_UP_WAIT_MS = 500
