import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { LOOPBACK } from './meshes.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p } from '@libp2p/interface'

export type Outsider = Libp2p<{ pubsub: GossipSub }>

/** Bare gossipsub nodes that know a room's topics, and keep to no rule. */
export class Outsiders {
  readonly #nodes: Outsider[] = []

  /** One that is subscribed and connected to a member who knows of its subscription. */
  async create(address: string, topics: string[]): Promise<Outsider> {
    const node = await createLibp2p({
      addresses: { listen: LOOPBACK },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
    })
    this.#nodes.push(node)
    for (const topic of topics) node.services.pubsub.subscribe(topic)
    await node.dial(multiaddr(address))
    // Whoever is known to subscribe is in the other's mesh after its next heartbeat.
    for (let beats = 0; beats < 2;) {
      await new Promise((resolve) => {
        node.services.pubsub.addEventListener('gossipsub:heartbeat', resolve, { once: true })
      })
      if (topics.every((topic) => node.services.pubsub.getSubscribers(topic).length > 0)) beats++
    }
    return node
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(async (node) => node.stop()))
  }
}
