import type { Signaler } from '@hearsay/signaling'
import type { CandidatePolicy } from '@hearsay/webrtc'
import type { ChannelOptions } from './channels/channel-options.ts'
import type { HandlerErrorDetail } from './channels/channel.ts'
import type { Channel } from './channels/channel.ts'
import type { Clock } from './clock.ts'
import type { CloseReason } from './close-reason.ts'
import type { LivenessOptions, SessionTimeouts } from './constants.ts'
import type { SessionLogger } from './logger.ts'
import type { PeerConnectionLike } from './peer-connection.ts'
import type { Transition } from './state/session-state.ts'

/** What a `PeerSession` is made of. */
export interface PeerSessionInit {
  readonly signaler: Signaler
  readonly remotePeer: string
  /** @default `new RTCPeerConnection(configuration)` of `@hearsay/webrtc` */
  readonly createPeerConnection?: (configuration: RTCConfiguration) => PeerConnectionLike
  /** Handed to `createPeerConnection` as it is. @default no ICE servers */
  readonly rtcConfiguration?: RTCConfiguration
  /** Channels that exist from the start, by label; 64 at most. `default` is always among them. */
  readonly channels?: Readonly<Record<string, ChannelOptions>>
  /** Which candidates we tell the peer, and which of the peer's we use. @default all but unspecified and multicast */
  readonly candidates?: { readonly local?: CandidatePolicy; readonly remote?: CandidatePolicy }
  readonly timeouts?: Partial<SessionTimeouts>
  readonly liveness?: Partial<LivenessOptions>
  /**
   * Bytes that all channels together keep in the buffers of the stack below. More delays urgent messages, less starves
   * fast and distant connections. @default 2_097_152
   */
  readonly bufferBytes?: number
  /**
   * Asked of each message that came with a mark (`SendOptions.mark`), by the label of its channel, before anybody sees it:
   * false drops it, for it came another way. @default all are taken
   */
  readonly acceptMarked?: (label: string, mark: number) => boolean
  /** Transitions kept for debugging. @default 64 */
  readonly historyLength?: number
  readonly clock?: Clock
  readonly logger?: SessionLogger
}

export interface PeerSessionEvents {
  /** Every transition of the state machine. */
  statechange: CustomEvent<Transition>
  /** The peer's `hello` is verified: messages flow. Fires once. */
  connected: CustomEvent
  /** The peer opened a channel that is not declared here. */
  channel: CustomEvent<Channel>
  /** A handler of any channel threw, or its result could not be sent. */
  'handler:error': CustomEvent<HandlerErrorDetail>
  /** Over; the same reason on both sides. Fires once. */
  closed: CustomEvent<CloseReason>
}

export interface DialSessionOptions {
  /** Ends the dial; the session is closed then. */
  signal?: AbortSignal
  /** Names of the signaling paths that may carry the offer; every path where absent. */
  paths?: readonly string[]
}
