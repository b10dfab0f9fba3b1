import { webrtc } from '#webrtc'
import type { RTCPeerConnection as PeerConnection } from './w3c.ts'

export * from './candidates/index.ts'
export * from './configuration/index.ts'
export * from './errors.ts'
export * from './sdp/index.ts'
export { getConnectionMetrics } from '#webrtc'
export type { ConnectionMetrics } from './metrics.ts'

/** In Node ours, in browsers the native one; types are those of the DOM library. */
export const {
  RTCPeerConnection,
  RTCSessionDescription,
  RTCIceCandidate,
  RTCDataChannel,
  RTCSctpTransport,
  RTCDtlsTransport,
  RTCIceTransport,
  RTCCertificate,
  RTCDataChannelEvent,
  RTCPeerConnectionIceEvent,
  RTCError,
  RTCErrorEvent
} = webrtc

/** `RTCPeerConnection` without what belongs to media. */
export type RTCPeerConnection = PeerConnection
export type RTCSessionDescription = globalThis.RTCSessionDescription
export type RTCIceCandidate = globalThis.RTCIceCandidate
export type RTCDataChannel = globalThis.RTCDataChannel
export type RTCSctpTransport = globalThis.RTCSctpTransport
export type RTCDtlsTransport = globalThis.RTCDtlsTransport
export type RTCIceTransport = globalThis.RTCIceTransport
export type RTCCertificate = globalThis.RTCCertificate
export type RTCDataChannelEvent = globalThis.RTCDataChannelEvent
export type RTCPeerConnectionIceEvent = globalThis.RTCPeerConnectionIceEvent
export type RTCError = globalThis.RTCError
export type RTCErrorEvent = globalThis.RTCErrorEvent
