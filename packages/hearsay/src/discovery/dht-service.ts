import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { DHT_PROTOCOL, RECORD_TTL_MS } from './constants.ts'
import { dhtPeerStore } from './dht-peer-store.ts'
import { RecordStore } from './record-store.ts'
import type { Routing } from './routing-access.ts'
import type { AbortOptions, PeerDiscovery, PeerId, PeerInfo } from '@libp2p/interface'
import type { KadDHT, KadDHTComponents, KadDHTInit } from '@libp2p/kad-dht'
import type { CID } from 'multiformats/cid'
import type { Datastore } from 'interface-datastore'

// This module loads kad-dht: it is to be imported only where the DHT is used.

/** What kad-dht stores is below this key. */
const DATASTORE_PREFIX = '/dht'

/**
 * Providers of about a thousand rooms of any size, each about 100 bytes; a lookup is answered with up to 64, a few times
 * as many as a room is to have.
 */
const RECORDS = { prefix: DATASTORE_PREFIX, maxRecords: 65_536, maxPerParent: 64 }

/** Peers whose addresses are known, each about 500 bytes. libp2p itself keeps every peer that it ever met. */
const PEERS = { prefix: '/peers', maxRecords: 16_384, maxPerParent: 16_384 }

/** How often records that are no longer valid are thrown away. */
const CLEANUP_MS = 600_000

/** Looks for its place in the DHT as soon as it has met a node there: until then lookups wait. */
const FIRST_SELF_QUERY_MS = 50

const INIT: KadDHTInit = {
  protocol: DHT_PROTOCOL,
  datastorePrefix: DATASTORE_PREFIX,
  initialQuerySelfInterval: FIRST_SELF_QUERY_MS,
  // A room may live in one house: private addresses count.
  peerInfoMapper: passthroughMapper,
  // Whether to provide again is for the mesh to decide; what libp2p repeats by itself would never end.
  reprovide: { validity: RECORD_TTL_MS, interval: CLEANUP_MS, threshold: 0 }
}

/** What a libp2p node needs to serve the DHT. */
export interface DhtServerParts {
  readonly dht: (components: KadDHTComponents) => KadDHT
  /** Must be the node's: it bounds what others store here. */
  readonly datastore: Datastore
  /** Must be the node's. */
  readonly peerStore: { readonly maxAddressAge: number }
}

export function dhtServer(): DhtServerParts {
  return {
    datastore: new RecordStore([RECORDS, PEERS]),
    // libp2p does not count an address as new that it hears again: after an hour it would know nobody's.
    peerStore: { maxAddressAge: Infinity },
    dht: (components) =>
      kadDHT({ ...INIT, clientMode: false })(
        // What is missing here comes from `components`, when it is there: services are made one after another.
        Object.create(components, {
          peerStore: { value: dhtPeerStore(components.peerStore) }
        }) as KadDHTComponents
      )
  }
}

/** @param onHeard told of every node of the DHT that others name */
export function dhtClient(components: KadDHTComponents, onHeard: (peerId: PeerId) => void): KadDHT {
  const dht = kadDHT({ ...INIT, clientMode: true })(components)
  if (isPeerDiscovery(dht)) {
    // What libp2p does with its own services: a node that a lookup is sent on to could not be dialed otherwise.
    dht.addEventListener('peer', ({ detail: { id, multiaddrs } }) => {
      if (id.equals(components.peerId)) return
      onHeard(id)
      // An address that cannot be kept is one that cannot be dialed.
      components.peerStore.merge(id, { multiaddrs }).catch(() => undefined)
    })
  }
  return dht
}

/** kad-dht is one; its type does not say so. */
function isPeerDiscovery(dht: object): dht is PeerDiscovery {
  return 'addEventListener' in dht
}

/** The DHT as content routing. */
export function routingOf(dht: KadDHT): Routing {
  return {
    findProviders: (key, options) => findProviders(dht, key, options),
    provide: (key, options) => provide(dht, key, options)
  }
}

async function* findProviders(dht: KadDHT, key: CID, options: AbortOptions): AsyncGenerator<PeerInfo> {
  for await (const event of dht.findProviders(key, options)) {
    if (event.name === 'PROVIDER') yield* event.providers
  }
}

async function provide(dht: KadDHT, key: CID, options: AbortOptions): Promise<void> {
  let taken = 0
  for await (const event of dht.provide(key, options)) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') taken++
  }
  if (taken === 0) throw new Error('no node of the DHT took the record')
}
