import type { CipherSuite } from './cipher-suites.ts'
import type { DtlsFailureReason } from './events.ts'
import type { KeyShare, NamedGroup } from './key-exchange.ts'
import type { ClientHello } from './messages/client-hello.ts'
import type { PeerCertificate } from './peer-certificate.ts'

/** What the two hellos settled. */
export interface Negotiated {
  readonly suite: CipherSuite
  readonly clientRandom: Uint8Array
  readonly serverRandom: Uint8Array
}

/** What is known once keys are agreed. */
export interface Agreed {
  readonly suite: CipherSuite
  readonly group: NamedGroup
  readonly peer: PeerCertificate
}

/** A client is named after the message that it waits for. */
export type ClientState =
  | { readonly name: 'await-server-hello'; readonly hello: ClientHello }
  | { readonly name: 'await-server-certificate'; readonly negotiated: Negotiated }
  | {
      readonly name: 'await-server-key-exchange'
      readonly negotiated: Negotiated
      readonly peer: PeerCertificate
    }
  | ({ readonly name: 'await-certificate-request' } & ServerKeyReceived)
  | ({ readonly name: 'await-server-hello-done' } & ServerKeyReceived)
  | { readonly name: 'await-server-finished'; readonly agreed: Agreed; readonly masterSecret: Uint8Array }

interface ServerKeyReceived {
  readonly negotiated: Negotiated
  readonly agreed: Agreed
  readonly keyShare: KeyShare
  readonly preMasterSecret: Uint8Array
}

/** A server is named after the message that it waits for. */
export type ServerState =
  | { readonly name: 'await-client-hello' }
  | {
      readonly name: 'await-client-certificate'
      readonly negotiated: Negotiated
      readonly keyShare: KeyShare
    }
  | {
      readonly name: 'await-client-key-exchange'
      readonly negotiated: Negotiated
      readonly keyShare: KeyShare
      readonly peer: PeerCertificate
    }
  | { readonly name: 'await-certificate-verify'; readonly agreed: Agreed; readonly masterSecret: Uint8Array }
  | { readonly name: 'await-client-finished'; readonly agreed: Agreed; readonly masterSecret: Uint8Array }

export type HandshakeState = ClientState | ServerState

/** Both Finished messages are verified. */
export interface ConnectedState {
  readonly name: 'connected'
  readonly agreed: Agreed
}

export type DtlsState =
  | { readonly name: 'new' }
  | HandshakeState
  | ConnectedState
  | { readonly name: 'closed' }
  | { readonly name: 'failed'; readonly reason: DtlsFailureReason }

export type DtlsStateName = DtlsState['name']

/** Which state may follow which; besides, any that is not final may turn `closed` or `failed`. */
const SUCCESSORS: Readonly<Record<DtlsStateName, readonly DtlsStateName[]>> = {
  new: ['await-server-hello', 'await-client-hello'],
  'await-server-hello': ['await-server-hello', 'await-server-certificate'],
  'await-server-certificate': ['await-server-key-exchange'],
  'await-server-key-exchange': ['await-certificate-request'],
  'await-certificate-request': ['await-server-hello-done'],
  'await-server-hello-done': ['await-server-finished'],
  'await-server-finished': ['connected'],
  'await-client-hello': ['await-client-certificate'],
  'await-client-certificate': ['await-client-key-exchange'],
  'await-client-key-exchange': ['await-certificate-verify'],
  'await-certificate-verify': ['await-client-finished'],
  'await-client-finished': ['connected'],
  connected: [],
  closed: [],
  failed: []
}

const SERVER_STATES: ReadonlySet<HandshakeState['name']> = new Set<ServerState['name']>([
  'await-client-hello',
  'await-client-certificate',
  'await-client-key-exchange',
  'await-certificate-verify',
  'await-client-finished'
])

/** Whether nothing can follow. */
export function isFinal(state: DtlsState): boolean {
  return state.name === 'closed' || state.name === 'failed'
}

/** Whether messages of a handshake are awaited. */
export function isHandshake(state: DtlsState): state is HandshakeState {
  return state.name.startsWith('await-')
}

/** Whether the peer's Finished is awaited, and nothing else. */
export function isFinishedDue({ name }: HandshakeState): boolean {
  return name === 'await-server-finished' || name === 'await-client-finished'
}

/** Whether it is the handshake of a server. */
export function isServer(state: HandshakeState): state is ServerState {
  return SERVER_STATES.has(state.name)
}

/** Whether the table lets `to` follow `from`. */
export function mayFollow(from: DtlsState, to: DtlsState): boolean {
  return isFinal(to) ? !isFinal(from) : SUCCESSORS[from.name].includes(to.name)
}
