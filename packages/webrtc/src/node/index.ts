import type { WebRtc } from '../w3c.ts'
import { RTCDataChannelEvent, RTCErrorEvent, RTCPeerConnectionIceEvent } from './events.ts'
import { RTCCertificate } from './rtc-certificate.ts'
import { RTCDataChannel } from './rtc-data-channel.ts'
import { RTCDtlsTransport } from './rtc-dtls-transport.ts'
import { RTCError } from './rtc-error.ts'
import { RTCIceCandidate } from './rtc-ice-candidate.ts'
import { RTCIceTransport } from './rtc-ice-transport.ts'
import { RTCPeerConnection } from './rtc-peer-connection.ts'
import { RTCSctpTransport } from './rtc-sctp-transport.ts'
import { RTCSessionDescription } from './rtc-session-description.ts'

export { getConnectionMetrics } from './get-connection-metrics.ts'

/** Our own, over werift's ICE. */
export const webrtc: WebRtc = {
  RTCPeerConnection,
  RTCSessionDescription,
  RTCIceCandidate,
  RTCDataChannel,
  RTCSctpTransport,
  RTCDtlsTransport,
  RTCIceTransport,
  RTCCertificate,
  RTCDataChannelEvent: RTCDataChannelEvent as unknown as WebRtc['RTCDataChannelEvent'],
  RTCPeerConnectionIceEvent: RTCPeerConnectionIceEvent as unknown as WebRtc['RTCPeerConnectionIceEvent'],
  RTCError,
  RTCErrorEvent
}
