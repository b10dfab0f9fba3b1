import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'

/** Addresses beyond this many are left out: each costs a socket, and pairs multiply. Hosts with more run containers. */
export const MAX_HOST_ADDRESSES = 16

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/**
 * The local addresses that become host candidates. Link-local addresses are left out: they work on one link only and
 * need a zone, which candidates cannot carry. Loopback is left out too, since no other machine can use it, unless there
 * is nothing else: then the peer can only be on this machine.
 */
export function hostAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? [])
  const outer = all.filter(({ address, internal }) => !internal && !isLinkLocal(address))
  const chosen = outer.length > 0 ? outer : all.filter(({ internal }) => internal)
  return [...new Set(chosen.map(({ address }) => address))].slice(0, MAX_HOST_ADDRESSES)
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address)
}
