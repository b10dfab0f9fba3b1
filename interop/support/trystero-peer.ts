import { parentPort } from 'node:worker_threads'
import { RTCPeerConnection } from '@hearsay/webrtc'
import { createTopicStrategy, selfId, type StrategyMessage } from '@trystero-p2p/core'
import { digestOf } from './plan.ts'

/** What a test tells a trystero peer. */
export type TrysteroInput =
  | { readonly type: 'send'; readonly text: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'leave' }

/** What a trystero peer tells the test. */
export type TrysteroOutput =
  | { readonly type: 'self'; readonly id: string }
  | { readonly type: 'join' | 'leave'; readonly id: string }
  | { readonly type: 'text'; readonly id: string; readonly text: string; readonly lang: unknown }
  | { readonly type: 'bytes'; readonly id: string; readonly digest: string }

interface Publication {
  readonly topic: string
  readonly payload: StrategyMessage
}

/** A medium that never leaves the process: all threads that open the channel of this name hear each other. */
const joinRoom = createTopicStrategy<BroadcastChannel>({
  init: () => new BroadcastChannel('trystero'),
  subscribeTopic: (medium, topic, onMessage) => {
    const listener = ({ data }: MessageEvent<Publication>): void => {
      if (data.topic === topic) void onMessage(topic, data.payload)
    }
    medium.addEventListener('message', listener as (event: Event) => void)
    return () => medium.removeEventListener('message', listener as (event: Event) => void)
  },
  publishTopic: (medium, topic, payload) => medium.postMessage({ topic, payload } satisfies Publication)
})

/** One trystero peer in a thread of its own, since trystero has one identity for each copy of its modules. */
const port = parentPort!
const tell = (output: TrysteroOutput): void => port.postMessage(output)

const room = joinRoom(
  {
    appId: 'hearsay-interop',
    rtcPolyfill: RTCPeerConnection as unknown as typeof globalThis.RTCPeerConnection,
    // trystero brings public STUN servers as its default; here nobody is asked.
    rtcConfig: { iceServers: [] }
  },
  'room'
)
const text = room.makeAction<string>('text', {
  onMessage: (given, { peerId, metadata }) => tell({ type: 'text', id: peerId, text: given, lang: metadata })
})
const bytes = room.makeAction<Uint8Array<ArrayBuffer>>('bytes', {
  onMessage: async (given, { peerId }) =>
    tell({ type: 'bytes', id: peerId, digest: await digestOf('binary', new Uint8Array(given)) })
})
room.onPeerJoin = (id) => tell({ type: 'join', id })
room.onPeerLeave = (id) => tell({ type: 'leave', id })
tell({ type: 'self', id: selfId })

// What fails here ends the thread, and with it the test.
port.on('message', (input: TrysteroInput) => void obey(input))

async function obey(input: TrysteroInput): Promise<void> {
  if (input.type === 'leave') return room.leave()
  await text.send(input.text, { metadata: { lang: 'de' } })
  await bytes.send(input.bytes)
}
