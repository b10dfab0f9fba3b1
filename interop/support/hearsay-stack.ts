import { RTCPeerConnection } from '@hearsay/webrtc'
import { PeerProgram } from './peer-program.ts'
import type { PeerHost, Stack } from './peer-host.ts'

/** `@hearsay/webrtc`, in this process. */
export class HearsayStack implements Stack {
  readonly name = 'hearsay'

  async open(): Promise<PeerHost> {
    const program = new PeerProgram(RTCPeerConnection, (output) => host.onoutput(output))
    const host: PeerHost = {
      send: (input) => program.receive(input),
      onoutput: () => {},
      [Symbol.asyncDispose]: async () => program.receive({ type: 'close' })
    }
    return host
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
