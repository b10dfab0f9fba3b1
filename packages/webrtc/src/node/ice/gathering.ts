import { formatAddress, parseAddress } from '../../candidates/address.ts'
import type { IceCandidate } from '../../candidates/index.ts'
import type { IceServerUrl } from '../../configuration/index.ts'
import type { IceBase } from './werift.ts'

/** Why no candidate came of a server: the members of `RTCPeerConnectionIceErrorEvent`. */
export interface GatheringError {
  readonly url: string
  readonly address: string | null
  readonly port: number | null
  /** A STUN error code, or 701 if the server was not reached. */
  readonly errorCode: number
  readonly errorText: string
}

/** Where the parts of gathering report to. */
export interface Gathering {
  /** Aborted when the agent closes. */
  readonly signal: AbortSignal
  /** Called before a base receives anything. */
  onBaseCreated(base: IceBase): void
  /** A socket or a relay is there; its `localCandidate` is set. Called before `onCandidate`. */
  onBase(base: IceBase): void
  onCandidate(candidate: IceCandidate, url?: string): void
  onError(error: GatheringError): void
}

/**
 * What a server says of us, in the form in which candidates have addresses.
 *
 * @throws {Error} if nobody could be there
 */
export function toldAddress([address, port]: readonly [string, number]): [address: string, port: number] {
  const bytes = parseAddress(address)
  if (bytes === undefined || port === 0) throw new Error('The server told no address that can be used.')
  return [formatAddress(bytes), port]
}

/** A server was not reached, from `host` where that matters. */
export function unreachable(
  url: IceServerUrl,
  host: IceCandidate | undefined,
  errorText: string
): GatheringError {
  return { url: url.url, address: host?.address ?? null, port: host?.port ?? null, errorCode: 701, errorText }
}
