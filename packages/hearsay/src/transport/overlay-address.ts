import { CODE_P2P, multiaddr, registry, V } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Our protocol's code in multiaddrs, from the range for private use (0x300000 to 0x3fffff of the multicodec table). */
export const CODE_HEARSAY = 0x306873

const NAME = 'hearsay'

/** The link that meshes make between each other; the tests of the transport use others beside it. */
export const OVERLAY_LINK = 'overlay'

/** The letters, digits and dashes that fit the label of a channel. */
const LINK_NAME = /^[a-z0-9-]{1,16}$/

registry.addProtocol({
  code: CODE_HEARSAY,
  name: NAME,
  size: V,
  validate: (value) => {
    if (!LINK_NAME.test(value)) throw new Error(`"${value}" is not the name of a link`)
  }
})

/** What a `/hearsay` address says. */
export interface OverlayAddress {
  /** Name of the link, as a port is a number. */
  readonly link: string
  readonly peerId: string | undefined
}

/** Where links of that name are answered. */
export function listenAddress(link: string): Multiaddr {
  return multiaddr(`/${NAME}/${link}`)
}

/**
 * The address of a link over the session with that peer: `/hearsay/overlay/p2p/12D3…`. It says who is at the other end
 * and not where: only who has a session with that peer can use it, so it is never announced.
 */
export function overlayAddress(peerId: string, link = OVERLAY_LINK): Multiaddr {
  return listenAddress(link).encapsulate(`/p2p/${peerId}`)
}

/** Reads a `/hearsay` address; `undefined` for every other. */
export function readOverlayAddress(address: Multiaddr): OverlayAddress | undefined {
  const [first, second, ...more] = address.getComponents()
  if (first?.code !== CODE_HEARSAY || first.value === undefined || more.length > 0) return undefined
  if (second !== undefined && second.code !== CODE_P2P) return undefined
  return { link: first.value, peerId: second?.value }
}
