import type { SessionEventType, SessionStateName } from './session-state.ts'

/**
 * Every edge of the state machine. An event that is not listed for a state is ignored there and counted.
 *
 * `signaling → signaling` and `connecting → signaling` on `offer-received`: the peer's offer takes the place of our own
 * attempt (glare), or of its own earlier one.
 */
export const TRANSITIONS: Readonly<
  Record<SessionStateName, Readonly<Partial<Record<SessionEventType, SessionStateName>>>>
> = {
  idle: { dial: 'signaling', 'offer-received': 'signaling', close: 'closing' },
  signaling: {
    'offer-received': 'signaling',
    'answer-received': 'connecting',
    'answer-sent': 'connecting',
    close: 'closing',
    goodbye: 'closing'
  },
  connecting: {
    'offer-received': 'signaling',
    'hello-verified': 'connected',
    close: 'closing',
    goodbye: 'closing'
  },
  connected: { suspected: 'recovering', close: 'closing', goodbye: 'closing' },
  recovering: { 'heard-again': 'connected', close: 'closing', goodbye: 'closing' },
  closing: { 'torn-down': 'closed' },
  closed: {}
}
