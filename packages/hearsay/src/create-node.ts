import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { platform } from '#platform'
import { GossipIntake } from './gossip/gossip-intake.ts'
import { hearsayTransport } from './transport/hearsay-transport.ts'
import type { OwnComponents } from './components.ts'
import type { GossipSub, GossipSubComponents } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { ComponentLogger, Ed25519PrivateKey, Libp2p, Metrics } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { Libp2pOptions } from 'libp2p'

export interface BareNodeInit {
  readonly privateKey: Ed25519PrivateKey
  /** Multiaddrs; where the platform listens by itself if absent. */
  readonly listen: readonly string[] | undefined
  readonly logger: ComponentLogger | undefined
  readonly metrics: ((components: { logger: ComponentLogger }) => Metrics) | undefined
}

export interface NodeInit<Service> extends BareNodeInit {
  /** Serve the DHT. */
  readonly dhtServer: boolean
  readonly hearsay: (components: OwnComponents) => Service
}

/** The services of a node of ours. */
export interface NodeServices<Service> extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  pubsub: GossipSub
  hearsay: Service
  dht?: KadDHT
}

/** Members behind one NAT, or processes on one machine, come from one address: these let a whole room of them in. */
const INBOUND_PER_SECOND = 100
const INBOUND_PENDING = 100

/**
 * How often libp2p asks over each connection whether the other side is there. Sessions find out by themselves; this is
 * for links over the network, whose end TCP tells unless the other machine vanished, and as soon as of an idle session.
 * Every question is a stream of its own, which is most of what a quiet link costs.
 */
const PING_INTERVAL_MS = 30_000

/** The libp2p node under a mesh that has no other, not started. */
export async function createNode<Service>(init: NodeInit<Service>): Promise<Libp2p<NodeServices<Service>>> {
  // Loaded only where it is used.
  const parts = init.dhtServer ? (await import('./discovery/dht-service.ts')).dhtServer() : undefined
  return createLibp2p<NodeServices<Service>>({
    ...bareNode(init),
    transports: [...platform.transports(), hearsayTransport()],
    ...(parts !== undefined && { datastore: parts.datastore, peerStore: parts.peerStore }),
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: meteredGossipsub,
      hearsay: init.hearsay,
      ...(parts !== undefined && { dht: parts.dht })
    }
  })
}

/** What waits for a neighbour that does not read its gossip: four seconds of all that a room may say. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

/** gossipsub that reads no neighbour faster than is good for us, nor keeps more for one than it ever takes. */
function meteredGossipsub(components: GossipSubComponents): GossipSub {
  const { privateKey, peerId, peerStore, registrar, connectionManager, logger } = components
  const create = gossipsub({
    // The first member of a room speaks before anybody listens.
    allowPublishToZeroTopicPeers: true,
    floodPublish: true,
    maxOutboundBufferSize: MAX_UNSENT_BYTES,
    // What comes again, from the next neighbour, need not be verified again.
    fastMsgIdFn: ({ signature = new Uint8Array(0) }) => String.fromCharCode(...signature.subarray(0, 64)),
    // Peers that share an address are no attack here: one machine, one NAT, one test.
    scoreParams: { IPColocationFactorWeight: 0 }
  })
  const metered = new GossipIntake().meter(registrar)
  return create({ privateKey, peerId, peerStore, registrar: metered, connectionManager, logger })
}

/** What every libp2p node of ours is made of, not started. */
export function bareNode(init: BareNodeInit): Omit<Libp2pOptions, 'services'> {
  return {
    start: false,
    privateKey: init.privateKey,
    nodeInfo: { name: 'hearsay' },
    addresses: { listen: [...(init.listen ?? platform.defaultListen)] },
    transports: platform.transports(),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    ...(platform.connectionGater !== undefined && { connectionGater: platform.connectionGater }),
    ...(init.logger !== undefined && { logger: init.logger }),
    ...(init.metrics !== undefined && { metrics: init.metrics }),
    connectionMonitor: { pingInterval: PING_INTERVAL_MS },
    connectionManager: {
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      maxIncomingPendingConnections: INBOUND_PENDING
    }
  }
}
