import { formatAddress, parseAddress } from './address.ts'

/**
 * An mDNS name as browsers make them: a UUID, but any single label passes
 * (draft-ietf-mmusic-mdns-ice-candidates §3.1.1).
 */
const MDNS_NAME = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.local$/

/** True for a lower-case mDNS name of one label. */
export function isMdnsName(address: string): boolean {
  return MDNS_NAME.test(address)
}

/**
 * The canonical form of a candidate's address: IPv4, IPv6 as RFC 5952 writes it, or a lower-case mDNS name.
 * `undefined` for everything else; domain names among it, which RFC 8839 §5.1 tells us to ignore.
 */
export function canonicalCandidateAddress(text: string): string | undefined {
  const bytes = parseAddress(text)
  if (bytes !== undefined) return formatAddress(bytes)
  const name = text.toLowerCase()
  return isMdnsName(name) ? name : undefined
}
