import { Connection, StunOverTurnProtocol, StunProtocol, TurnProtocol } from 'werift'
import type { Candidate, CandidatePair, Message, Protocol } from 'werift'
import { UnsupportedDependencyError } from '../../errors.ts'
import type { TransportAddress } from './udp-socket.ts'

/**
 * All that we use of werift 0.25.2's private members, in one place. `probe*` checks that they are there: if werift
 * changes under us we refuse to connect, because the guard hangs on them.
 */

/** A socket or a relay that werift sends checks from. */
export type IceBase = StunProtocol | StunOverTurnProtocol

/** werift's `Connection` with the members that TypeScript hides. */
export interface ConnectionInternals {
  localUsername: string
  localPassword: string
  remoteUsername: string
  remotePassword: string
  userHistory: Record<string, string>
  iceControlling: boolean
  checkList: CandidatePair[]
  protocols: Protocol[]
  _remoteCandidates: Candidate[]
  earlyChecks: [Message, TransportAddress, Protocol][]
  earlyChecksDone: boolean
  stunServer?: unknown
  turnServer?: unknown
  ensureProtocol(base: Protocol): void
  pairLocalProtocol(base: Protocol): void
  pairRemoteCandidate(candidate: Candidate): void
  tryPair(base: Protocol, candidate: Candidate): void
  addPair(pair: CandidatePair): void
  checkIncoming(message: Message, from: TransportAddress, base: Protocol): void
  checkStart(pair: CandidatePair): unknown
  checkComplete(pair: CandidatePair): void
  sortCheckList(): void
  buildRequest(options: CheckRequest): Message
}

/** What `buildRequest` makes a check of. */
export interface CheckRequest {
  nominate: boolean
  localUsername: string
  remoteUsername: string
  iceControlling: boolean
  localCandidate?: Candidate
}

/** A STUN transaction of werift. */
export interface TransactionInternals {
  readonly expectedAddr: TransportAddress
  readonly integrityKey?: Buffer
  cancel(): void
}

/** Where datagrams enter werift's objects. */
interface BaseInternals {
  datagramReceived?: (data: Buffer, from: TransportAddress) => void
  handleStunMessage?: (data: Buffer, from: TransportAddress) => void
}

interface TurnInternals {
  dataReceived: (data: Buffer, from: TransportAddress) => void
  requestWithRetry: (request: Message, ...rest: unknown[]) => Promise<[Message, TransportAddress]>
}

const CONNECTION_METHODS = [
  'ensureProtocol',
  'pairLocalProtocol',
  'pairRemoteCandidate',
  'tryPair',
  'addPair',
  'checkIncoming',
  'checkStart',
  'checkComplete',
  'sortCheckList',
  'buildRequest'
] as const satisfies (keyof ConnectionInternals)[]

/** Makes a `Connection` of werift's that asks no server of its own accord. */
export function createConnection(controlling: boolean): ConnectionInternals {
  const connection = new Connection(controlling, { useIpv4: false, useIpv6: false, useTcp: false })
  const internals = connection as unknown as ConnectionInternals
  for (const method of CONNECTION_METHODS) {
    if (typeof internals[method] !== 'function') throw missing(`Connection.${method}`)
  }
  if (!Array.isArray(internals.protocols) || !Array.isArray(internals.earlyChecks)) {
    throw missing('Connection.protocols')
  }
  // werift falls back to a public STUN server; nobody asked for one.
  delete internals.stunServer
  delete internals.turnServer
  return internals
}

/**
 * Puts `receive` before a base: all that arrives goes there, and only what it hands to the function returned here
 * reaches werift.
 */
export function interceptBase(
  base: IceBase,
  receive: (data: Buffer, from: TransportAddress) => void
): (message: Buffer, from: TransportAddress) => void {
  const internals = base as unknown as BaseInternals
  const member = base instanceof StunProtocol ? 'datagramReceived' : 'handleStunMessage'
  const original = internals[member]
  if (typeof original !== 'function') throw missing(member)
  internals[member] = receive
  return (message, from) => {
    original.call(base, message, from)
  }
}

/** Drops what arrives at a TURN client's UDP socket from elsewhere than its server. */
export function acceptServerOnly(turn: TurnProtocol): void {
  const internals = turn as unknown as TurnInternals
  if (typeof internals.dataReceived !== 'function') throw missing('TurnProtocol.dataReceived')
  const original = internals.dataReceived.bind(turn)
  internals.dataReceived = (data, from) => {
    const server = turn.serverEndpoint
    if (server !== undefined && server[0] === from[0] && server[1] === from[1]) original(data, from)
  }
}

/**
 * Bounds the lifetime that a TURN server grants, in seconds: werift refreshes an allocation after five sixths of it,
 * be it nothing, and goes by what the server says the next time.
 */
export function boundLifetime(turn: TurnProtocol, least: number, most: number): void {
  const internals = turn as unknown as TurnInternals
  if (typeof internals.requestWithRetry !== 'function') throw missing('TurnProtocol.requestWithRetry')
  const original = internals.requestWithRetry.bind(turn)
  internals.requestWithRetry = async (request, ...rest) => {
    const isAboutLifetime = request.attributesKeys.includes('LIFETIME')
    if (isAboutLifetime) request.setAttribute('LIFETIME', most)
    const [response, from] = await original(request, ...rest)
    if (isAboutLifetime) {
      const granted = Number(response.getAttributeValue('LIFETIME') ?? most)
      response.setAttribute('LIFETIME', Math.min(Math.max(granted, least), most))
    }
    return [response, from]
  }
}

/** The transactions that wait on a base, by id. */
export function transactionsOf(base: IceBase): Record<string, TransactionInternals> {
  const { transactions } = base instanceof StunProtocol ? base : base.turn
  return transactions
}

/** Closes a base at once, its waiting requests included. */
export function closeBase(base: IceBase): void {
  for (const transaction of Object.values(transactionsOf(base))) transaction.cancel()
  base.close().catch(() => undefined)
}

function missing(member: string): UnsupportedDependencyError {
  return new UnsupportedDependencyError(
    `werift has no ${member}: ICE cannot be guarded on it. Install werift 0.25.2 exactly.`
  )
}

export { StunOverTurnProtocol, StunProtocol, TurnProtocol }
