import type { Identity } from '../identity/identity.ts'
import type { Ed25519PrivateKey, PeerDiscovery } from '@libp2p/interface'
import type { MulticastDNSComponents } from '@libp2p/mdns'
import type { Libp2pInit } from 'libp2p'

/** All in which Node and a page differ for us. */
export interface Platform {
  /** The transports of the overlay. */
  transports(): NonNullable<Libp2pInit['transports']>
  /** Where a mesh listens that was not told where. */
  readonly defaultListen: readonly string[]
  readonly connectionGater: Libp2pInit['connectionGater']
  /** Opens a stored identity and locks it; makes one where there is none. */
  openIdentity(where: string): Promise<Identity>
  /** The key of a stored identity, also while it is in use; makes one where there is none. */
  readIdentity(where: string): Promise<Ed25519PrivateKey>
  /** Loads what finds services of that type by multicast DNS. Absent where multicast is not to be had. */
  readonly mdns:
    ((serviceType: string) => Promise<(components: MulticastDNSComponents) => PeerDiscovery>) | undefined
  /** Tells the operator of something that needs a change in their set-up. */
  warn(message: string, code: string): void
}
