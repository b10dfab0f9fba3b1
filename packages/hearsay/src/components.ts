import type { GossipSub } from '@libp2p/gossipsub'
import type {
  ComponentLogger,
  ContentRouting,
  Libp2pEvents,
  Metrics,
  PeerId,
  PeerStore,
  PrivateKey,
  TypedEventTarget
} from '@libp2p/interface'
import type {
  AddressManager,
  ConnectionManager,
  Registrar,
  TransportManager
} from '@libp2p/interface-internal'
import type { Ping } from '@libp2p/ping'
import type { Datastore } from 'interface-datastore'

/** What hearsay takes of a libp2p node. */
export interface HearsayComponents {
  privateKey: PrivateKey
  peerId: PeerId
  addressManager: AddressManager
  connectionManager: ConnectionManager
  registrar: Registrar
  transportManager: TransportManager
  contentRouting: ContentRouting
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  metrics?: Metrics
  /** The service named `pubsub`. */
  pubsub: GossipSub
}

/** What hearsay takes besides, of a libp2p node that it has made itself. */
export interface OwnComponents extends HearsayComponents {
  peerStore: PeerStore
  datastore: Datastore
  /** The service named `ping`. */
  ping: Ping
}
