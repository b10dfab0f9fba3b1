/** `iceConnectionState` of a connection that is not closed, by its one transport (webrtc-pc §4.3.3). */
export function iceConnectionStateOf(ice: RTCIceTransportState): RTCIceConnectionState {
  return ice === 'closed' ? 'new' : ice
}

/** `connectionState` of a connection that is not closed (webrtc-pc §4.3.4). */
export function connectionStateOf(
  ice: RTCIceTransportState,
  dtls: RTCDtlsTransportState
): RTCPeerConnectionState {
  if (ice === 'failed' || dtls === 'failed') return 'failed'
  if (ice === 'disconnected') return 'disconnected'
  const iceIsNew = ice === 'new' || ice === 'closed'
  const dtlsIsNew = dtls === 'new' || dtls === 'closed'
  if (iceIsNew && dtlsIsNew) return 'new'
  const iceIsUp = ice === 'connected' || ice === 'completed' || ice === 'closed'
  const dtlsIsUp = dtls === 'connected' || dtls === 'closed'
  return iceIsUp && dtlsIsUp ? 'connected' : 'connecting'
}
