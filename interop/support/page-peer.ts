import { PeerProgram } from './peer-program.ts'
import type { PeerInput, PeerOutput } from './plan.ts'

/** What a test calls in the page, and what the page calls in the test. */
export interface PeerPage {
  openPeer(configuration: RTCConfiguration): void
  sendToPeer(input: PeerInput): void
  /** Given by the test. */
  onPeerOutput(output: PeerOutput): void
}

const page = globalThis as unknown as PeerPage
let program: PeerProgram | undefined

page.openPeer = (configuration) => {
  program = new PeerProgram(RTCPeerConnection, configuration, (output) => page.onPeerOutput(output))
}
page.sendToPeer = (input) => program?.receive(input)
