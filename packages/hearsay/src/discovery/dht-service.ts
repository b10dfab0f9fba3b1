import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { DHT_PROTOCOL, RECORD_TTL_MS } from './constants.ts'
import { RecordStore } from './record-store.ts'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { Datastore } from 'interface-datastore'

/** What a libp2p node needs to take part in the DHT. This module is loaded only where it does. */
export interface DhtParts {
  readonly dht: (components: KadDHTComponents) => KadDHT
  /** Must be the node's: it bounds what others store here. */
  readonly datastore: Datastore
}

/** What kad-dht stores is below this key. */
const DATASTORE_PREFIX = '/dht'

/** How often records that are no longer valid are thrown away. */
const CLEANUP_MS = 600_000

/** Looks for its place in the DHT as soon as it has met a node there: until then lookups wait. */
const FIRST_SELF_QUERY_MS = 50

/**
 * @param server answers others, whatever our addresses; if not, then once one of them is public
 */
export function dhtParts(server: boolean): DhtParts {
  return {
    datastore: new RecordStore({ prefix: DATASTORE_PREFIX }),
    dht: kadDHT({
      protocol: DHT_PROTOCOL,
      datastorePrefix: DATASTORE_PREFIX,
      ...(server && { clientMode: false }),
      initialQuerySelfInterval: FIRST_SELF_QUERY_MS,
      // A room may live in one house: private addresses count.
      peerInfoMapper: passthroughMapper,
      // Whether to provide again is for the mesh to decide; what libp2p repeats by itself would never end.
      reprovide: { validity: RECORD_TTL_MS, interval: CLEANUP_MS, threshold: 0 }
    })
  }
}
