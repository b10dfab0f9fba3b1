import { RTCPeerConnection } from '@hearsay/webrtc'
import type { Stack } from './stack.ts'
import { W3cConnection, type W3cPeerConnection } from './w3c-connection.ts'

export const stack: Stack = {
  highWaterBytes: (messageBytes) => Math.max(1 << 18, messageBytes),
  createConnection: () => new W3cConnection(new RTCPeerConnection() as unknown as W3cPeerConnection)
}
