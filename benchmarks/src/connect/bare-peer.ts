import * as werift from 'werift'
import * as hearsay from '@hearsay/webrtc'
import { serve } from '../support/worker.ts'

/** One side of a bare connection: no mesh, descriptions carried by the parent with all candidates inside. */
export type BareContender = 'hearsay' | 'werift'

export type BarePeer = {
  offer(contender: BareContender): Promise<string>
  answer(contender: BareContender, offer: string): Promise<string>
  /** Resolves to the milliseconds since `offer` was called, once the channel is open. */
  finish(answer: string): Promise<number>
  close(): Promise<void>
}

/** What the two stacks have in common, as far as opening a channel needs it. */
interface PeerConnection {
  createDataChannel(label: string): { addEventListener(type: 'open', listener: () => void): void }
  createOffer(): Promise<Description>
  createAnswer(): Promise<Description>
  setLocalDescription(description: Description): Promise<unknown>
  setRemoteDescription(description: Description): Promise<unknown>
  readonly localDescription: { sdp: string } | null | undefined
  readonly iceGatheringState: string
  addEventListener(type: 'icegatheringstatechange', listener: () => void): void
  close(): unknown
}

interface Description {
  type: 'offer' | 'answer'
  sdp: string
}

let connection: PeerConnection | undefined
let startedAt = 0
let opened: Promise<void> = Promise.resolve()

function create(contender: BareContender): PeerConnection {
  const stack = contender === 'hearsay' ? hearsay : werift
  return new stack.RTCPeerConnection({ iceServers: [] }) as unknown as PeerConnection
}

async function gathered(pc: PeerConnection): Promise<string> {
  if (pc.iceGatheringState !== 'complete') {
    await new Promise<void>((resolve) => {
      pc.addEventListener('icegatheringstatechange', () => {
        if (pc.iceGatheringState === 'complete') resolve()
      })
    })
  }
  return pc.localDescription?.sdp ?? ''
}

serve({
  async offer(contender) {
    startedAt = performance.now()
    const pc = (connection = create(contender))
    const channel = pc.createDataChannel('bench')
    opened = new Promise((resolve) => channel.addEventListener('open', resolve))
    await pc.setLocalDescription(await pc.createOffer())
    return gathered(pc)
  },
  async answer(contender, offer) {
    const pc = (connection = create(contender))
    await pc.setRemoteDescription({ type: 'offer', sdp: offer })
    await pc.setLocalDescription(await pc.createAnswer())
    return gathered(pc)
  },
  async finish(answer) {
    await connection?.setRemoteDescription({ type: 'answer', sdp: answer })
    await opened
    return performance.now() - startedAt
  },
  async close() {
    await connection?.close()
    connection = undefined
  }
} satisfies BarePeer)
