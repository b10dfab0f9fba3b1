import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { DirectStreamPath, GossipTopicPath, type DirectStreamComponents } from '../../src/index.ts'
import { KITCHEN, seedOf } from './member.ts'

/** A libp2p node on loopback with both paths on it. */
export async function createOverlayNode(index: number) {
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(index)),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100 },
    services: {
      identify: identify(),
      pubsub: gossipsub({ scoreParams: { IPColocationFactorWeight: 0 } }),
      // Wrapped: libp2p would take what has start() and stop() for a service and start it by itself.
      signaling: (components: DirectStreamComponents) => ({ direct: new DirectStreamPath(components) })
    }
  })
  const { pubsub, signaling } = libp2p.services
  const localPeer = libp2p.peerId.toString()
  const gossip = new GossipTopicPath({ pubsub, logger: libp2p.logger }, { topic: KITCHEN.topic, localPeer })
  return { libp2p, direct: signaling.direct, gossip, localPeer, index }
}

export type OverlayNode = Awaited<ReturnType<typeof createOverlayNode>>

/** Connects two nodes; resolves once each knows what the other speaks. */
export async function connect(from: OverlayNode, to: OverlayNode): Promise<void> {
  await from.libp2p.dial(to.libp2p.getMultiaddrs())
  await until(() => from.direct.reaches(to.localPeer) && to.direct.reaches(from.localPeer))
}

/** Waits for a condition that other processes' or sockets' work makes true. The test's own timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}
