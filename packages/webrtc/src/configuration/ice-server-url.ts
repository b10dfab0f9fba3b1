import { formatAddress, parseAddress } from '../candidates/address.ts'
import type { IceServerUrl } from './peer-configuration.ts'

/** Characters of an ICE server URL: a DNS name has at most 253. */
const MAX_URL_LENGTH = 512

/**
 * Takes apart a `stun:`, `stuns:` (RFC 7064 §3.1), `turn:` or `turns:` URL (RFC 7065 §3.1). The message of an error
 * begins with `where`, the place of the URL in what the caller was given.
 *
 * @throws {DOMException} `SyntaxError`, or `NotSupportedError` for a transport that no STUN or TURN runs on here
 */
export function parseIceServerUrl(url: string, where = 'ICE server URL'): IceServerUrl {
  const fail = (what: string): DOMException =>
    new DOMException(`${where}: ${JSON.stringify(url.slice(0, 80))} ${what}`, 'SyntaxError')

  if (url.length > MAX_URL_LENGTH) throw fail(`is longer than ${MAX_URL_LENGTH} characters`)
  const match = /^([A-Za-z]+):(\[[^\]]*\]|[^:?]*)(?::([^?]*))?(?:\?(.*))?$/s.exec(url)
  const scheme = match?.[1]?.toLowerCase()
  if (scheme !== 'stun' && scheme !== 'stuns' && scheme !== 'turn' && scheme !== 'turns') {
    throw fail('must begin with "stun:", "stuns:", "turn:" or "turns:"')
  }
  const host = parseHost(match?.[2] ?? '')
  if (host === undefined) throw fail('needs a host name, an IPv4 address or an IPv6 address in brackets')
  const secure = scheme === 'stuns' || scheme === 'turns'
  const port = match?.[3] ?? (secure ? '5349' : '3478')
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw fail('needs a port from 1 to 65535 behind the colon, or no colon')
  }
  const query = match?.[4]
  if (query !== undefined && scheme !== 'turn' && scheme !== 'turns') throw fail('may not have a query')
  return {
    url,
    scheme,
    host,
    port: Number(port),
    transport: query === undefined ? (secure ? 'tcp' : 'udp') : parseTransport(query)
  }

  function parseTransport(text: string): 'udp' | 'tcp' {
    const transport = /^transport=([\w.~-]+)$/i.exec(text)?.[1]?.toLowerCase()
    if (transport === undefined)
      throw fail('may have no other query than "?transport=udp" or "?transport=tcp"')
    if (transport === 'udp' || transport === 'tcp') return transport
    throw new DOMException(
      `${where}: transport ${transport} is not supported; use udp or tcp`,
      'NotSupportedError'
    )
  }
}

const NAME = /^(?!-)[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*\.?$/

function parseHost(text: string): string | undefined {
  if (text.startsWith('[')) {
    const bytes = parseAddress(text.slice(1, -1))
    return bytes?.length === 16 ? formatAddress(bytes) : undefined
  }
  const name = text.toLowerCase()
  if (/^[\d.]+$/.test(name)) return parseAddress(name) === undefined ? undefined : name
  return name.length <= 253 && NAME.test(name) ? name : undefined
}
