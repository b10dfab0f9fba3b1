import wrtc from '@roamhq/wrtc'
import type { Stack } from './stack.ts'
import { W3cConnection, type W3cPeerConnection } from './w3c-connection.ts'

export const stack: Stack = {
  // A message costs it a change of threads, whatever its size.
  highWaterBytes: (messageBytes) => Math.min(1 << 20, messageBytes << 10),
  createConnection: () => new W3cConnection(new wrtc.RTCPeerConnection() as unknown as W3cPeerConnection)
}
