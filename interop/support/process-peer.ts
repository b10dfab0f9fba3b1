import { PeerProgram } from './peer-program.ts'
import type { PeerInput, PeerOutput } from './plan.ts'

/** The process of one peer of `ProcessStack`: `process-peer.ts <stack>`. */
const [stack] = process.argv.slice(2)

const program = new PeerProgram(await connectionOf(stack), (output: PeerOutput) => process.send?.(output))
process.on('message', (input: PeerInput) => program.receive(input))
// The addon would keep the process alive when the test that started it is gone.
process.on('disconnect', () => process.exit(0))

async function connectionOf(name: string): Promise<ConstructorParameters<typeof PeerProgram>[0]> {
  if (name === '@roamhq/wrtc') return (await import('@roamhq/wrtc')).default.RTCPeerConnection
  if (name === '@hearsay/webrtc') return (await import('@hearsay/webrtc')).RTCPeerConnection
  const polyfill = await import('node-datachannel/polyfill')
  return polyfill.RTCPeerConnection as unknown as typeof RTCPeerConnection
}
