import { lookup } from 'node:dns/promises'
import { Candidate, Message, StunOverTurnProtocol, StunProtocol, TurnProtocol } from 'werift'
import { candidateFoundation, classes, createTurnClient, methods } from 'werift'
import type { CandidateType, IceCandidate } from '../../candidates/index.ts'
import type { IceServer, IceServerUrl } from '../../configuration/index.ts'
import { candidatePriority } from './priority.ts'
import { UdpSocket } from './udp-socket.ts'
import { acceptServerOnly, closeBase, type IceBase } from './werift.ts'

/** A STUN server that has not answered by then will not help this connection (RFC 8445 §5.1.1.2 leaves it open). */
export const STUN_GATHERING_TIMEOUT_MS = 5000
/** Connecting to a TURN server over TCP or TLS. */
const TURN_CONNECT_TIMEOUT_MS = 5000
/** Servers of one kind that are asked; more add delay and traffic, not paths. */
const MAX_SERVERS = 4
const TURN_LIFETIME_S = 600

/** Why no candidate came of a server: the members of `RTCPeerConnectionIceErrorEvent`. */
export interface GatheringError {
  readonly url: string
  readonly address: string | null
  readonly port: number | null
  /** A STUN error code, or 701 if the server was not reached. */
  readonly errorCode: number
  readonly errorText: string
}

export interface GathererInit {
  readonly hostAddresses: readonly string[]
  readonly iceServers: readonly IceServer[]
  /** Gather relayed candidates only. */
  readonly relayOnly: boolean
  readonly signal: AbortSignal
  /** A socket or a relay is there; its `localCandidate` is set. Called before `onCandidate`. */
  onBase(base: IceBase): void
  /** Called before a base receives anything. */
  onBaseCreated(base: IceBase): void
  onCandidate(candidate: IceCandidate, url?: string): void
  onError(error: GatheringError): void
}

/** Gathers candidates (RFC 8445 §5.1.1) and resolves when all have come. Never rejects. */
export async function gatherCandidates(init: GathererInit): Promise<void> {
  const urls = init.iceServers.flatMap((server) => server.urls.map((url) => ({ server, url })))
  const stun = urls.filter(({ url }) => url.scheme === 'stun').slice(0, MAX_SERVERS)
  const turn = urls.filter(({ url }) => url.scheme.startsWith('turn')).slice(0, MAX_SERVERS)
  const counts = new Map<boolean, number>()
  const hosts = init.relayOnly ? [] : init.hostAddresses
  await Promise.all([
    ...hosts.map((address) => {
      const isIpv6 = address.includes(':')
      const index = counts.get(isIpv6) ?? 0
      counts.set(isIpv6, index + 1)
      return gatherHost(
        init,
        address,
        index,
        stun.map(({ url }) => url)
      )
    }),
    ...turn.map(({ server, url }, index) => gatherRelayed(init, server, url, index))
  ])
}

async function gatherHost(
  init: GathererInit,
  address: string,
  index: number,
  servers: readonly IceServerUrl[]
): Promise<void> {
  const socket = await UdpSocket.bind(address).catch(() => undefined)
  if (socket === undefined) return
  if (init.signal.aborted) return socket.close()
  const base = new StunProtocol()
  init.onBaseCreated(base)
  // The members of UdpTransport that StunProtocol uses are these; its private ones are its own.
  base.transport = socket as unknown as StunProtocol['transport']
  socket.onData = (data, from) => {
    ;(base as unknown as { datagramReceived: typeof socket.onData }).datagramReceived(data, from)
  }
  const host: IceCandidate = {
    foundation: candidateFoundation('host', 'udp', address),
    protocol: 'udp',
    priority: candidatePriority('host', address, index),
    address,
    port: socket.port,
    type: 'host'
  }
  base.localIp = address
  base.localCandidate = toWerift(host)
  init.onBase(base)
  init.onCandidate(host)
  const seen = new Set([`${address}|${socket.port}`])
  await Promise.all(servers.map((url) => gatherReflexive(init, base, host, index, url, seen)))
}

async function gatherReflexive(
  init: GathererInit,
  base: StunProtocol,
  host: IceCandidate,
  index: number,
  url: IceServerUrl,
  seen: Set<string>
): Promise<void> {
  const signal = AbortSignal.any([init.signal, AbortSignal.timeout(STUN_GATHERING_TIMEOUT_MS)])
  try {
    const family = host.address.includes(':') ? 6 : 4
    const server = await raceAbort(lookup(url.host, { family }), signal)
    const request = new Message(methods.BINDING, classes.REQUEST)
    const [response] = await base.request(request, [server.address, url.port], undefined, { signal })
    const [address, port] = response.getAttributeValue('XOR-MAPPED-ADDRESS') as [string, number]
    if (init.signal.aborted || seen.has(`${address}|${port}`)) return
    seen.add(`${address}|${port}`)
    init.onCandidate(
      {
        foundation: candidateFoundation('srflx', 'udp', `${host.address}|${server.address}`),
        protocol: 'udp',
        priority: candidatePriority('srflx', host.address, index),
        address,
        port,
        type: 'srflx',
        relatedAddress: host.address,
        relatedPort: host.port
      },
      url.url
    )
  } catch {
    if (!init.signal.aborted) init.onError(unreachable(url, host, 'no answer from the STUN server'))
  }
}

async function gatherRelayed(
  init: GathererInit,
  server: IceServer,
  url: IceServerUrl,
  index: number
): Promise<void> {
  let base: StunOverTurnProtocol | undefined
  try {
    const turn = await allocate(init, server, url)
    base = new StunOverTurnProtocol(turn)
    if (init.signal.aborted) {
      closeBase(base)
      return
    }
    const [address, port] = turn.relayedAddress
    const [relatedAddress, relatedPort] = turn.mappedAddress
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
    init.onBaseCreated(base)
    init.onBase(base)
    init.onCandidate(relayed, url.url)
  } catch {
    if (base !== undefined) closeBase(base)
    if (!init.signal.aborted) init.onError(unreachable(url, undefined, 'no allocation at the TURN server'))
  }
}

async function allocate(init: GathererInit, server: IceServer, url: IceServerUrl): Promise<TurnProtocol> {
  const username = server.username ?? ''
  const credential = server.credential ?? ''
  const address: [string, number] = [url.host, url.port]
  if (url.transport === 'tcp') {
    const transport = url.scheme === 'turns' ? 'tls' : 'tcp'
    return createTurnClient(
      { address, username, password: credential },
      { transport, connectTimeoutMs: TURN_CONNECT_TIMEOUT_MS, lifetime: TURN_LIFETIME_S }
    )
  }
  const socket = await UdpSocket.bind(url.host.includes(':') ? '::' : '0.0.0.0')
  const turn = new TurnProtocol(address, username, credential, TURN_LIFETIME_S, socket)
  acceptServerOnly(turn)
  const abandon = (): void => {
    for (const transaction of Object.values(turn.transactions)) transaction.cancel()
    turn.close().catch(() => undefined)
  }
  init.signal.addEventListener('abort', abandon)
  try {
    await turn.connectionMade()
    return turn
  } catch (error) {
    abandon()
    throw error
  } finally {
    init.signal.removeEventListener('abort', abandon)
  }
}

/** werift's form of a candidate. */
export function toWerift(candidate: IceCandidate): Candidate {
  const { foundation, protocol, priority, address, port, type, relatedAddress, relatedPort } = candidate
  return new Candidate(foundation, 1, protocol, priority, address, port, type, relatedAddress, relatedPort)
}

/** Our form of werift's candidate. */
export function fromWerift(candidate: Candidate): IceCandidate {
  const { foundation, priority, host, port, type, relatedAddress, relatedPort } = candidate
  return {
    foundation,
    protocol: 'udp',
    priority,
    address: host,
    port,
    type: type as CandidateType,
    ...(relatedAddress === undefined || relatedPort === undefined ? {} : { relatedAddress, relatedPort })
  }
}

function unreachable(url: IceServerUrl, host: IceCandidate | undefined, errorText: string): GatheringError {
  return { url: url.url, address: host?.address ?? null, port: host?.port ?? null, errorCode: 701, errorText }
}

async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => {
    reject(signal.reason as Error)
  }
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
