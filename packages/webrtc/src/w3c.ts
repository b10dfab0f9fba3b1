/**
 * The part of WebRTC's interfaces that exists in both worlds, in the words of TypeScript's DOM library: code written
 * for browsers type-checks against it. What belongs to media is left out.
 */

/** Members of `RTCPeerConnection` that concern media only. */
type MediaMember =
  | 'addTrack'
  | 'addTransceiver'
  | 'removeTrack'
  | 'ontrack'
  | 'getReceivers'
  | 'getSenders'
  | 'getTransceivers'

/** `RTCPeerConnection` (webrtc-pc §4.4) for data channels. */
export interface RTCPeerConnection extends Omit<
  globalThis.RTCPeerConnection,
  MediaMember | 'createDataChannel'
> {
  createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel
}

/** `RTCDataChannelInit` with what webrtc-priority §4 adds. Browsers that do not know `priority` ignore it. */
export interface RTCDataChannelInit extends globalThis.RTCDataChannelInit {
  /**
   * Weight among the channels of a connection that have something to send: each is about twice the one below.
   *
   * @default 'low'
   */
  priority?: RTCPriorityType
}

/** What the classes of both worlds have in common; those without a public constructor serve `instanceof` only. */
export interface WebRtc {
  readonly RTCPeerConnection: {
    new (configuration?: RTCConfiguration): RTCPeerConnection
    readonly prototype: RTCPeerConnection
    generateCertificate(keygenAlgorithm: AlgorithmIdentifier): Promise<RTCCertificate>
  }
  readonly RTCSessionDescription: new (init: RTCSessionDescriptionInit) => RTCSessionDescription
  readonly RTCIceCandidate: new (init?: RTCIceCandidateInit) => RTCIceCandidate
  readonly RTCDataChannel: Interface<RTCDataChannel>
  readonly RTCSctpTransport: Interface<RTCSctpTransport>
  readonly RTCDtlsTransport: Interface<RTCDtlsTransport>
  readonly RTCIceTransport: Interface<RTCIceTransport>
  readonly RTCCertificate: Interface<RTCCertificate>
  readonly RTCDataChannelEvent: new (
    type: string,
    init: EventInit & { channel: RTCDataChannel }
  ) => RTCDataChannelEvent
  readonly RTCPeerConnectionIceEvent: new (
    type: string,
    init?: EventInit & { candidate?: RTCIceCandidate | null }
  ) => RTCPeerConnectionIceEvent
  readonly RTCError: new (init: RTCErrorInit, message?: string) => RTCError
  readonly RTCErrorEvent: new (type: string, init: EventInit & { error: RTCError }) => RTCErrorEvent
}

type Interface<T> = abstract new (...args: never[]) => T

/** `RTCIceParameters` (webrtc-pc §5.6.6), which TypeScript's DOM library does not have. */
export interface RTCIceParameters {
  usernameFragment: string
  password: string
}
