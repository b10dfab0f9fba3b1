import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_IP4, CODE_IP6 } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Who shares so much of an address is likely to share a provider, and to fail together. */
const IP4_OCTETS = 2
const IP6_GROUPS = 2

/** The network that an address is in, as far as the address tells. */
export function networkOf(address: Multiaddr): string | undefined {
  for (const { code, value = '' } of address.getComponents()) {
    if (code === CODE_IP4) return value.split('.').slice(0, IP4_OCTETS).join('.')
    if (code === CODE_IP6) return value.split(':').slice(0, IP6_GROUPS).join(':')
    if (code === CODE_DNS || code === CODE_DNS4 || code === CODE_DNS6) return value
  }
  return undefined
}
