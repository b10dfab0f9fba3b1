import { RTCPeerConnection } from 'werift'
import type { Stack } from './stack.ts'
import { W3cConnection, type W3cPeerConnection } from './w3c-connection.ts'

export const stack: Stack = {
  // Every message that waits is looked at for every packet that goes: a few are enough to keep it busy.
  highWaterBytes: (messageBytes) => Math.max(16 * 1024, messageBytes),
  createConnection() {
    const connection = new RTCPeerConnection({ iceServers: [], maxMessageSize: 1 << 18 })
    return new W3cConnection(connection as unknown as W3cPeerConnection, () => {
      // It would ask a public server of its own choice, and wait for the answer.
      for (const transport of connection.iceTransports) transport.connection.stunServer = undefined
    })
  }
}
