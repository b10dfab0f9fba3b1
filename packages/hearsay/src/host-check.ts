import { findHearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayComponents } from './components.ts'

/** Something in the host's set-up that will starve the mesh, and what to set instead. */
export interface HostWarning {
  readonly code: string
  readonly message: string
}

/** What libp2p takes from one host in a second by default is too little when a room starts on one machine. */
const ENOUGH_INBOUND_PER_SECOND = 20
const ENOUGH_INBOUND_PENDING = 20

/**
 * Looks at how the host set up gossipsub and the connection manager. Both hide what we look for; where a later version
 * hides it elsewhere nothing is warned of.
 */
export function checkHost({
  pubsub,
  connectionManager,
  transportManager
}: Pick<HearsayComponents, 'pubsub' | 'connectionManager' | 'transportManager'>): HostWarning[] {
  const warnings: HostWarning[] = []
  if (findHearsayTransport(transportManager.getTransports()) === undefined) {
    warnings.push({
      code: 'HEARSAY_TRANSPORT_MISSING',
      message:
        'The overlay cannot ride on the connections of the mesh: members hear of each other only while they can dial each other. Set createLibp2p({ transports: [tcp(), hearsayTransport()] }), with hearsayTransport() of hearsay.'
    })
  }
  const ipWeight = read(pubsub, 'opts', 'scoreParams', 'IPColocationFactorWeight')
  if (typeof ipWeight === 'number' && ipWeight < 0) {
    warnings.push({
      code: 'HEARSAY_GOSSIPSUB_IP_COLOCATION',
      message:
        'gossipsub silently drops what a peer says once more than ten peers share its IP address (one machine, one NAT). Set gossipsub({ scoreParams: { IPColocationFactorWeight: 0 } }).'
    })
  }
  const perSecond = read(connectionManager, 'inboundConnectionRateLimiter', 'points')
  if (typeof perSecond === 'number' && perSecond < ENOUGH_INBOUND_PER_SECOND) {
    warnings.push({
      code: 'HEARSAY_INBOUND_CONNECTION_RATE',
      message: `The connection manager takes ${perSecond} new connections a second from one host, so that members which start together are turned away. Set createLibp2p({ connectionManager: { inboundConnectionThreshold: 100 } }).`
    })
  }
  const pending = read(connectionManager, 'maxIncomingPendingConnections')
  if (typeof pending === 'number' && pending < ENOUGH_INBOUND_PENDING) {
    warnings.push({
      code: 'HEARSAY_INBOUND_CONNECTIONS_PENDING',
      message: `The connection manager upgrades ${pending} incoming connections at a time and refuses the rest. Set createLibp2p({ connectionManager: { maxIncomingPendingConnections: 100 } }).`
    })
  }
  return warnings
}

function read(from: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    from
  )
}
