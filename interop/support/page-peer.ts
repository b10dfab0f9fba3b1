import { PeerProgram } from './peer-program.ts'
import type { PeerInput, PeerOutput } from './plan.ts'

/** What a test calls in the page. */
export interface PeerPage {
  openPeer(): void
  sendToPeer(input: PeerInput): void
  /** What the peer has told since the last call, as JSON; resolves as soon as there is something. */
  takeOutputs(): Promise<string>
}

const page = globalThis as unknown as PeerPage
const outputs: PeerOutput[] = []
let told = Promise.withResolvers<undefined>()
let program: PeerProgram | undefined

page.openPeer = () => {
  program = new PeerProgram(RTCPeerConnection, (output) => {
    outputs.push(output)
    told.resolve(undefined)
  })
}
page.sendToPeer = (input) => program?.receive(input)
page.takeOutputs = async () => {
  await told.promise
  told = Promise.withResolvers()
  return JSON.stringify(outputs.splice(0))
}
