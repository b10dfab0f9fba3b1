import { RTCPeerConnection } from '@hearsay/webrtc'
import type { Stack } from './stack.ts'
import { W3cConnection, type W3cPeerConnection } from './w3c-connection.ts'

export const stack: Stack = {
  highWaterBytes: () => 1 << 20,
  createConnection: () => new W3cConnection(new RTCPeerConnection() as unknown as W3cPeerConnection)
}
