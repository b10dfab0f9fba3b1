import type { GossipSub } from '@libp2p/gossipsub'
import type {
  ComponentLogger,
  ContentRouting,
  Libp2pEvents,
  Metrics,
  PeerId,
  PrivateKey,
  TypedEventTarget
} from '@libp2p/interface'
import type {
  AddressManager,
  ConnectionManager,
  Registrar,
  TransportManager
} from '@libp2p/interface-internal'

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
