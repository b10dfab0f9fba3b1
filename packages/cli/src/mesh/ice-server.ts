import { UsageError } from '../errors.ts'

/**
 * Reads a STUN or TURN server from one word. URLs of these kinds have no place for a user (RFC 7064, 7065), so we take
 * it as other URLs have it: `turn:USER:SECRET@HOST:PORT`, percent-encoded where it holds `:` or `@`.
 *
 * @throws {UsageError} the percent-encoding is broken
 */
export function parseIceServer(text: string): RTCIceServer {
  const parts = /^(?<scheme>turns?:)(?<user>[^:@]+):(?<secret>[^@]+)@(?<rest>.+)$/.exec(text)?.groups
  if (parts === undefined) {
    return { urls: text }
  }
  const { scheme = '', user = '', secret = '', rest = '' } = parts
  return { urls: scheme + rest, username: decode(user), credential: decode(secret) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw new UsageError(
      '--ice-server: user and secret are percent-encoded; write % as %25',
      'ERR_INVALID_OPTION',
      { cause: error }
    )
  }
}
