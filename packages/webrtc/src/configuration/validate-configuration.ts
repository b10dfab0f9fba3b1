import { convertConfiguration, type ConvertedIceServer } from './convert-configuration.ts'
import { parseIceServerUrl } from './ice-server-url.ts'
import type { IceServer, PeerConfiguration } from './peer-configuration.ts'

/** What an `RTCConfiguration` may hold at most: each URL costs sockets and round trips whenever candidates are gathered. */
export const CONFIGURATION_LIMITS = {
  /** Entries of `iceServers`. Browsers warn from 5 on. */
  iceServers: 16,
  /** URLs of one entry. */
  urls: 16,
  /** Entries of `certificates`: one for each kind of key. */
  certificates: 4,
  /** Bytes of a user name in UTF-8 (RFC 8489 §14.3). */
  username: 509
} as const

/** What `validateConfiguration` must be told of its surroundings. */
export interface ValidateConfigurationOptions<Certificate> {
  /** Tells whether an entry of `certificates` is one of ours. */
  readonly isCertificate: (value: unknown) => value is Certificate
  /** The time by which certificates expire, in milliseconds since 1970. @default Date.now() */
  readonly now?: number
}

/**
 * Validates an `RTCConfiguration` as webrtc-pc §4.4.1.6 ("set a configuration") demands. Messages name the member at
 * fault: `iceServers[1].urls[0]: …`. Members that the dictionary does not have are ignored, as Web IDL has it.
 *
 * @throws {TypeError} a member is of the wrong kind
 * @throws {RangeError} more entries than `CONFIGURATION_LIMITS` allows
 * @throws {DOMException} `SyntaxError`: a URL, or an empty `urls`; `NotSupportedError`: a transport;
 *   `InvalidAccessError`: TURN without `username` or `credential`, a user name of more than 509 bytes, a certificate
 *   that has expired
 */
export function validateConfiguration<Certificate extends { readonly expires: number }>(
  configuration: unknown,
  { isCertificate, now = Date.now() }: ValidateConfigurationOptions<Certificate>
): PeerConfiguration<Certificate> {
  const converted = convertConfiguration(configuration)
  limit(converted.iceServers, CONFIGURATION_LIMITS.iceServers, 'iceServers')
  limit(converted.certificates, CONFIGURATION_LIMITS.certificates, 'certificates')
  const certificates = converted.certificates.map((certificate, index) => {
    if (!isCertificate(certificate)) throw new TypeError(`certificates[${index}]: is not an RTCCertificate`)
    return certificate
  })
  const expired = certificates.findIndex(({ expires }) => expires <= now)
  if (expired !== -1) {
    throw new DOMException(`certificates[${expired}]: has expired; generate a new one`, 'InvalidAccessError')
  }
  return Object.freeze({
    ...converted,
    certificates: Object.freeze(certificates),
    iceServers: Object.freeze(
      converted.iceServers.map((server, index) => validateIceServer(server, `iceServers[${index}]`))
    )
  })
}

/** webrtc-pc §4.4.1.6, "validate an ICE server". */
function validateIceServer(server: ConvertedIceServer, where: string): IceServer {
  if (server.urls.length === 0) throw new DOMException(`${where}.urls: is empty; give a URL`, 'SyntaxError')
  limit(server.urls, CONFIGURATION_LIMITS.urls, `${where}.urls`)
  const urls = server.urls.map((url, index) => {
    const parsed = parseIceServerUrl(url, `${where}.urls[${index}]`)
    if (parsed.scheme === 'turn' || parsed.scheme === 'turns') requireCredentials(server, where)
    return Object.freeze(parsed)
  })
  return Object.freeze({ ...server, urls: Object.freeze(urls) })
}

function requireCredentials({ username, credential }: ConvertedIceServer, where: string): void {
  if (username === undefined) throw missing(where, 'username')
  if (credential === undefined) throw missing(where, 'credential')
  if (new TextEncoder().encode(username).length > CONFIGURATION_LIMITS.username) {
    throw new DOMException(
      `${where}.username: is longer than ${CONFIGURATION_LIMITS.username} bytes`,
      'InvalidAccessError'
    )
  }
}

function missing(where: string, member: string): DOMException {
  return new DOMException(`${where}.${member}: is missing; a TURN server needs it`, 'InvalidAccessError')
}

function limit(list: readonly unknown[], max: number, where: string): void {
  if (list.length > max) throw new RangeError(`${where}: has ${list.length} entries, and may have ${max}`)
}
