import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'

/** Addresses kept of one provider: whoever looks it up gets all of them, and may try each. */
const MAX_ADDRESSES = 16

/**
 * The peer store as a DHT node should see it. What a provider says of its addresses replaces what it said before, where
 * libp2p would collect all it ever says; and a provider whom the store has forgotten has no address, where libp2p would
 * fail the whole lookup for its sake.
 */
export function dhtPeerStore(peerStore: PeerStore): PeerStore {
  const replaced: Pick<PeerStore, 'get' | 'merge'> = {
    get: (peerId, options) =>
      peerStore.get(peerId, options).catch((error: unknown) => forgotten(peerId, error)),
    merge: (peerId, data, options) =>
      data.multiaddrs === undefined
        ? peerStore.merge(peerId, data, options)
        : peerStore.patch(peerId, bounded(data, data.multiaddrs), options)
  }
  return new Proxy(peerStore, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in replaced ? replaced : target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
}

function bounded(data: PeerData, multiaddrs: NonNullable<PeerData['multiaddrs']>): PeerData {
  return { ...data, multiaddrs: multiaddrs.slice(0, MAX_ADDRESSES) }
}

function forgotten(peerId: PeerId, error: unknown): Peer {
  if (!(error instanceof Error) || error.name !== 'NotFoundError') throw error
  return { id: peerId, addresses: [], protocols: [], metadata: new Map(), tags: new Map() }
}
