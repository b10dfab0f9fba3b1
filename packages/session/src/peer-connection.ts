/**
 * What a session uses of `RTCPeerConnection` and its parts: a subset of the W3C interfaces, so that the native one of
 * a browser, the one of `@hearsay/webrtc` and a simulated one fit alike.
 */
export interface PeerConnectionLike extends EventTarget {
  readonly connectionState: RTCPeerConnectionState
  readonly signalingState: RTCSignalingState
  readonly iceGatheringState: RTCIceGatheringState
  readonly localDescription: SessionDescriptionLike | null
  readonly sctp: { readonly maxMessageSize: number } | null
  createDataChannel(label: string, options?: DataChannelInit): DataChannelLike
  setLocalDescription(): Promise<void>
  setRemoteDescription(description: { type: 'offer' | 'answer'; sdp: string }): Promise<void>
  addIceCandidate(candidate: IceCandidateInitLike): Promise<void>
  restartIce(): void
  getStats(): Promise<{ forEach(callback: (report: unknown) => void): void }>
  close(): void
}

export interface SessionDescriptionLike {
  readonly type: string
  readonly sdp: string
}

/** `RTCIceCandidateInit`; an empty `candidate` is end-of-candidates. */
export interface IceCandidateInitLike {
  candidate: string
  sdpMid: string | null
  sdpMLineIndex: number | null
  usernameFragment: string | null
}

/** `RTCDataChannelInit` with the `priority` of WebRTC's priority extension. */
export interface DataChannelInit {
  ordered?: boolean
  maxRetransmits?: number
  maxPacketLifeTime?: number
  protocol?: string
  negotiated?: boolean
  id?: number
  priority?: 'very-low' | 'low' | 'medium' | 'high'
}

export interface DataChannelLike extends EventTarget {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxRetransmits: number | null
  readonly maxPacketLifeTime: number | null
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed'
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  binaryType: string
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
}
