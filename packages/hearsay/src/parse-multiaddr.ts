import { isMultiaddr, multiaddr } from '@multiformats/multiaddr'
import { InvalidMultiaddrError } from './errors.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Reads a multiaddr from a person.
 *
 * @throws {InvalidMultiaddrError} with a hint at what it probably was
 */
export function parseMultiaddr(text: string): Multiaddr {
  let address: unknown
  try {
    address = multiaddr(text)
  } catch (error) {
    throw new InvalidMultiaddrError(text, hintFor(text), error)
  }
  if (!isMultiaddr(address) || address.getComponents().length === 0) throw new InvalidMultiaddrError(text, '')
  return address
}

function hintFor(text: string): string {
  const [, host, port] = /^(?:\w+:\/\/)?([\w.-]+):(\d+)$/.exec(text.trim()) ?? []
  if (host !== undefined && port !== undefined) {
    const family = /^[\d.]+$/.test(host) ? 'ip4' : 'dns4'
    return ` (did you mean /${family}/${host}/tcp/${port}?)`
  }
  return text.startsWith('/') ? '' : ' (it does not start with a slash)'
}
