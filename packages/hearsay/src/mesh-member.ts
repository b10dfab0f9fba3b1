import { multiaddr } from '@multiformats/multiaddr'
import type { MeshMember } from './mesh.ts'
import type { Member } from './presence/presence-table.ts'

/** What the application learns of a member. */
export function memberOf({ peerId, addresses, services }: Member): MeshMember {
  return { peerId, services, addresses: addresses.flatMap((bytes) => addressText(bytes, peerId)) }
}

/** With the peer ID at its end, which records leave out. */
function addressText(bytes: Uint8Array, peerId: string): string[] {
  try {
    const address = multiaddr(bytes).toString()
    return [address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`]
  } catch {
    return []
  }
}
