import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection } from '@libp2p/interface'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import {
  DirectStreamPath,
  GossipTopicPath,
  IntroducerHost,
  IntroducerPath,
  type Candidate,
  type DirectStreamComponents,
  type IntroducerDirectory
} from '../../src/index.ts'
import { KITCHEN, seedOf } from './member.ts'

/** A libp2p node on loopback with all paths on it. @param onFarewell is told who has no more use for it */
export async function createOverlayNode(index: number, onFarewell: (peer: string) => void = () => undefined) {
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
      signaling: (components: DirectStreamComponents) => ({
        direct: new DirectStreamPath(components),
        host: new IntroducerHost(components, { onFarewell })
      })
    }
  })
  const { pubsub, signaling } = libp2p.services
  const localPeer = libp2p.peerId.toString()
  const gossip = new GossipTopicPath({ pubsub, logger: libp2p.logger }, { topic: KITCHEN.topic, localPeer })
  const acquaintances = new Acquaintances(libp2p)
  const introducer = new IntroducerPath({ localPeer, directory: acquaintances, logger: libp2p.logger })
  return { libp2p, ...signaling, gossip, introducer, acquaintances, localPeer, index }
}

/** A directory that knows what a test tells it. */
class Acquaintances implements IntroducerDirectory {
  readonly #libp2p: Libp2p
  /** Introducers by peer; our own are in there too. */
  readonly introducers = new Map<string, readonly string[]>()
  /** Nodes that can be dialed. */
  readonly nodes = new Map<string, ReturnType<Libp2p['getMultiaddrs']>>()
  /** Who could introduce us. */
  candidatePeers: string[] = []
  readonly released: string[] = []
  /** Whether connections stand for introductions alone. */
  areBorrowed = true

  constructor(libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  introducersOf(remotePeer: string): readonly string[] {
    return this.introducers.get(remotePeer) ?? []
  }

  candidates(): Candidate[] {
    return this.candidatePeers.map((peer) => ({
      peer,
      isConnected: this.isConnected(peer),
      isDialable: true,
      network: undefined
    }))
  }

  isConnected(peer: string): boolean {
    return this.#connectionTo(peer) !== undefined
  }

  isDialable(peer: string): boolean {
    return this.nodes.has(peer)
  }

  async connect(peer: string, options: { signal: AbortSignal }): Promise<Connection> {
    return this.#connectionTo(peer) ?? (await this.#libp2p.dial(this.nodes.get(peer) ?? [], options))
  }

  isBorrowed(): boolean {
    return this.areBorrowed
  }

  release(peer: string): void {
    this.released.push(peer)
  }

  announce(introducers: readonly string[]): void {
    this.introducers.set(this.#libp2p.peerId.toString(), introducers)
  }

  #connectionTo(peer: string): Connection | undefined {
    return this.#libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
  }
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
