import { StunOverTurnProtocol, TcpTransport, TlsTransport, TurnProtocol, candidateFoundation } from 'werift'
import type { IceCandidate } from '../../candidates/index.ts'
import type { IceServer, IceServerUrl } from '../../configuration/index.ts'
import { toldAddress, unreachable, type Gathering } from './gathering.ts'
import { candidatePriority } from './priority.ts'
import { UdpSocket } from './udp-socket.ts'
import { toWerift } from './werift-candidate.ts'
import { acceptServerOnly, boundLifetime, closeBase } from './werift.ts'

/** Connecting to a TURN server over TCP or TLS. */
const TURN_CONNECT_TIMEOUT_MS = 5000
const TURN_LIFETIME_S = 600
/** A server that grants less is refreshed no more often all the same. */
const MIN_TURN_LIFETIME_S = 60

/**
 * Gathers the relayed candidate of a TURN server. Never rejects.
 *
 * @param index of the server among those that are asked
 */
export async function gatherRelayed(
  gathering: Gathering,
  server: IceServer,
  url: IceServerUrl,
  index: number
): Promise<void> {
  let base: StunOverTurnProtocol | undefined
  try {
    const turn = await allocate(gathering.signal, server, url)
    base = new StunOverTurnProtocol(turn)
    if (gathering.signal.aborted) {
      closeBase(base)
      return
    }
    const [address, port] = toldAddress(turn.relayedAddress)
    const [relatedAddress, relatedPort] = toldAddress(turn.mappedAddress)
    const relayed: IceCandidate = {
      foundation: candidateFoundation('relay', 'udp', address),
      protocol: 'udp',
      priority: candidatePriority('relay', address, index),
      address,
      port,
      type: 'relay',
      relatedAddress,
      relatedPort
    }
    base.localCandidate = toWerift(relayed)
    gathering.onBaseCreated(base)
    gathering.onBase(base)
    gathering.onCandidate(relayed, url.url)
  } catch {
    if (base !== undefined) closeBase(base)
    if (!gathering.signal.aborted) {
      gathering.onError(unreachable(url, undefined, 'no allocation at the TURN server'))
    }
  }
}

async function allocate(signal: AbortSignal, server: IceServer, url: IceServerUrl): Promise<TurnProtocol> {
  const { username = '', credential = '' } = server
  const transport = await connect(url)
  const turn = new TurnProtocol([url.host, url.port], username, credential, TURN_LIFETIME_S, transport)
  if (transport instanceof UdpSocket) acceptServerOnly(turn)
  boundLifetime(turn, MIN_TURN_LIFETIME_S, TURN_LIFETIME_S)
  const abandon = (): void => {
    for (const transaction of Object.values(turn.transactions)) transaction.cancel()
    turn.close().catch(() => undefined)
  }
  signal.addEventListener('abort', abandon)
  try {
    // It may have come while the transport was connecting.
    signal.throwIfAborted()
    await turn.connectionMade()
    return turn
  } catch (error) {
    abandon()
    throw error
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

/** What carries messages between us and the server. */
function connect({ scheme, host, port, transport }: IceServerUrl) {
  if (transport === 'udp') return UdpSocket.bind(host.includes(':') ? '::' : '0.0.0.0')
  const options = { connectTimeoutMs: TURN_CONNECT_TIMEOUT_MS }
  return scheme === 'turns'
    ? TlsTransport.init([host, port], {}, options)
    : TcpTransport.init([host, port], options)
}
