import type { CloseReason } from '../events.ts'
import type { ChunkTimer } from './chunk-timer.ts'
import type { TransmissionControlBlock } from './transmission-control-block.ts'

/** State of an association (RFC 9260 section 4); each owns only its data. */
export type AssociationState =
  /** `ended` is there once the association was closed: it takes no other. */
  | { name: 'closed'; ended?: CloseReason }
  | { name: 'cookie-wait'; timer: ChunkTimer }
  | {
      name: 'cookie-echoed'
      block: TransmissionControlBlock
      timer: ChunkTimer
      /** COOKIE ECHO, with an ERROR about unrecognized parameters where there is one. */
      cookieEcho: Uint8Array
    }
  | { name: 'established'; block: TransmissionControlBlock }
  | { name: 'shutdown-pending'; block: TransmissionControlBlock }
  | { name: 'shutdown-received'; block: TransmissionControlBlock }
  | { name: 'shutdown-sent'; block: TransmissionControlBlock; timer: ChunkTimer }
  | { name: 'shutdown-ack-sent'; block: TransmissionControlBlock; timer: ChunkTimer }

export type AssociationStateName = AssociationState['name']

/** Every edge of RFC 9260 figure 3, and those of collision and restart (section 5.2). */
export const TRANSITIONS: Readonly<Record<AssociationStateName, readonly AssociationStateName[]>> = {
  // An association that was closed without ever being open ends in the same state.
  closed: ['cookie-wait', 'established', 'closed'],
  'cookie-wait': ['cookie-echoed', 'established', 'closed'],
  // Back to cookie-wait: the peer found the cookie stale.
  'cookie-echoed': ['established', 'cookie-wait', 'closed'],
  // To itself: the peer restarted.
  established: ['established', 'shutdown-pending', 'shutdown-received', 'closed'],
  'shutdown-pending': ['shutdown-sent', 'shutdown-received', 'established', 'closed'],
  'shutdown-received': ['shutdown-ack-sent', 'established', 'closed'],
  'shutdown-sent': ['shutdown-ack-sent', 'established', 'closed'],
  'shutdown-ack-sent': ['closed']
}
