import { multiaddr } from '@multiformats/multiaddr'
import { encodeEnvelope } from '../../src/envelope/envelope.ts'
import { INTRODUCE_PROTOCOL, SIGNAL_PROTOCOL } from '../../src/index.ts'
import { encodeIntroduction } from '../../src/introduction/introduction.ts'
import { encodeFrame } from '../../src/paths/frames.ts'
import { peerIdBytes, publicKeyOf } from '../../src/peer-key.ts'
import { createOverlayNode } from './overlay-node.ts'

/** What a flooder is to do, and what it tells when it is done. */
export interface FloodOrder {
  address: string
  protocol: 'signal' | 'introduce'
  /** Peer ID of whom the envelopes are for. */
  recipient: string
  envelopes: number
}

export interface FloodReport {
  /** Envelopes that left. */
  written: number
}

/** Envelopes in one go: 5,000 a second at a pause of 10 ms. */
const PER_TICK = 50
const TICK_MS = 10

/** A process of its own, so that its CPU is not counted for the node that it floods. */
process.once('message', (order: FloodOrder) => {
  void flood(order).then((report) => process.send?.(report, () => process.exit(0)))
})

async function flood({ address, protocol, recipient, envelopes }: FloodOrder): Promise<FloodReport> {
  const { libp2p } = await createOverlayNode(77)
  const name = protocol === 'signal' ? SIGNAL_PROTOCOL : INTRODUCE_PROTOCOL
  const connection = await libp2p.dial(multiaddr(address))
  let stream = await connection.newStream(name)
  let written = 0
  for (let offered = 0; offered < envelopes; offered++) {
    if (stream.status !== 'open') {
      stream = await connection.newStream(name, { negotiateFully: false })
    }
    if (!stream.writableNeedsDrain) {
      stream.send(encodeFrame(wrap(protocol, envelope(recipient, offered))))
      written++
    }
    if (offered % PER_TICK === 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, TICK_MS)
      })
    }
  }
  return { written }
}

function wrap(protocol: FloodOrder['protocol'], bytes: Uint8Array): Uint8Array {
  return protocol === 'signal' ? bytes : encodeIntroduction({ kind: 'envelope', envelope: bytes })
}

/** Each is a message 1 of its own, as far as can be seen without a key. */
function envelope(recipient: string, count: number): Uint8Array {
  const body = new Uint8Array(300)
  new DataView(body.buffer).setUint32(0, count)
  return encodeEnvelope({
    version: 1,
    recipient: peerIdBytes(publicKeyOf(recipient)),
    session: body.slice(0, 16),
    kind: 'message1',
    number: 0,
    body
  })
}
