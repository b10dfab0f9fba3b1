import type { CloseReason } from '../close-reason.ts'

/** Which side's offer led to the connection. */
export type SessionRole = 'initiator' | 'responder'

/** Where a session stands. Each state owns only what is meaningful in it. */
export type SessionState =
  /** Nothing has happened yet. */
  | { readonly name: 'idle' }
  /** An offer is being made, sent or answered. */
  | { readonly name: 'signaling'; readonly role: SessionRole }
  /** Both descriptions are known; ICE, DTLS and `hello` are under way. */
  | { readonly name: 'connecting'; readonly role: SessionRole }
  /** The peer's `hello` is verified: messages flow. */
  | { readonly name: 'connected'; readonly role: SessionRole }
  /** The peer is suspected; messages wait. */
  | { readonly name: 'recovering'; readonly role: SessionRole }
  /** Flushing and saying goodbye. */
  | { readonly name: 'closing'; readonly reason: CloseReason }
  /** Over. Nothing is left behind. */
  | { readonly name: 'closed'; readonly reason: CloseReason }

export type SessionStateName = SessionState['name']

/** What happens to a session; `reason` of a transition is the event's type, with its detail where it has one. */
export type SessionEvent =
  | { readonly type: 'dial' }
  | { readonly type: 'offer-received' }
  | { readonly type: 'answer-received' }
  | { readonly type: 'answer-sent' }
  | { readonly type: 'hello-verified' }
  | { readonly type: 'suspected' }
  | { readonly type: 'heard-again' }
  /** The application closes, or the session gives up. */
  | { readonly type: 'close'; readonly reason: CloseReason }
  /** The peer said goodbye. */
  | { readonly type: 'goodbye'; readonly reason: CloseReason }
  /** Everything is torn down. */
  | { readonly type: 'torn-down' }

export type SessionEventType = SessionEvent['type']

/** One step of a session, as logged and kept. */
export interface Transition {
  /** Milliseconds since the Unix epoch, by the session's clock. */
  readonly time: number
  readonly from: SessionStateName
  readonly to: SessionStateName
  readonly event: SessionEventType
  /** The event's type, or for an end the whole close reason. */
  readonly reason: string
}
