import { lookup } from 'node:dns/promises'
import { Message, StunProtocol, candidateFoundation, classes, methods } from 'werift'
import type { IceCandidate } from '../../candidates/index.ts'
import type { IceServerUrl } from '../../configuration/index.ts'
import { toldAddress, unreachable, type Gathering } from './gathering.ts'
import { candidatePriority } from './priority.ts'
import { UdpSocket } from './udp-socket.ts'
import { toWerift } from './werift-candidate.ts'

/** A STUN server that has not answered by then will not help this connection (RFC 8445 §5.1.1.2 leaves it open). */
const STUN_GATHERING_TIMEOUT_MS = 5000

/**
 * Gathers the host candidate of an address and those that STUN servers see it by. Never rejects.
 *
 * @param index of the address among those of its family
 * @returns false if there can be no socket at the address
 */
export async function gatherHost(
  gathering: Gathering,
  address: string,
  index: number,
  servers: readonly IceServerUrl[]
): Promise<boolean> {
  const socket = await UdpSocket.bind(address).catch(() => undefined)
  if (socket === undefined) return false
  if (gathering.signal.aborted) {
    await socket.close()
    return true
  }
  const base = new StunProtocol()
  gathering.onBaseCreated(base)
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
  gathering.onBase(base)
  gathering.onCandidate(host)
  const seen = new Set([`${address}|${socket.port}`])
  await Promise.all(servers.map((url) => gatherReflexive(gathering, base, host, index, url, seen)))
  return true
}

async function gatherReflexive(
  gathering: Gathering,
  base: StunProtocol,
  host: IceCandidate,
  index: number,
  url: IceServerUrl,
  seen: Set<string>
): Promise<void> {
  const signal = AbortSignal.any([gathering.signal, AbortSignal.timeout(STUN_GATHERING_TIMEOUT_MS)])
  try {
    const family = host.address.includes(':') ? 6 : 4
    const server = await raceAbort(lookup(url.host, { family }), signal)
    const request = new Message(methods.BINDING, classes.REQUEST)
    const [response] = await base.request(request, [server.address, url.port], undefined, { signal })
    const [address, port] = toldAddress(response.getAttributeValue('XOR-MAPPED-ADDRESS') as [string, number])
    if (gathering.signal.aborted || seen.has(`${address}|${port}`)) return
    seen.add(`${address}|${port}`)
    gathering.onCandidate(
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
    if (!gathering.signal.aborted) {
      gathering.onError(unreachable(url, host, 'no answer from the STUN server'))
    }
  }
}

/** Rejects with the signal's reason once it is aborted; what the promise comes to then is nobody's concern. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => {
    reject(signal.reason as Error)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
