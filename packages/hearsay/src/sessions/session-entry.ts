import { MeshPeer } from '../mesh-peer.ts'
import type { SessionOutcome } from './dial-schedule.ts'
import type { CloseReason, PeerSession } from '@hearsay/session'
import type { Room } from '@hearsay/signaling'

/** Why a session ends whose room another needs. */
export const DISPLACED = {
  code: 'displaced',
  message: 'the connection was idle, and its room was needed for another'
}

/** A session as the registry keeps it. */
export class SessionEntry {
  readonly session: PeerSession
  readonly peer: MeshPeer
  /** Rooms that the peer has proven, in handshakes or over the session, and been admitted to. */
  readonly rooms = new Set<Room>()
  /** Rooms for which we have dialed the peer: it need not be admitted to them once more. */
  readonly dialedFor: readonly Room[]
  /** The application was told of the connection, and not yet of its end. */
  told = false
  readonly #isPinned: boolean

  /** @param isPinned the offer may go along some paths only: that nobody answers it says little */
  constructor(session: PeerSession, isPinned: boolean, dialedFor: readonly Room[]) {
    this.session = session
    this.dialedFor = dialedFor
    this.peer = new MeshPeer(session, this.rooms)
    this.#isPinned = isPinned
  }

  /** The peer can be talked to. */
  get isUsable(): boolean {
    const { name } = this.session.state
    return name === 'connected' || name === 'recovering'
  }

  /**
   * What its end says of the peer.
   *
   * @param isCutOff nobody at all talks to us: then it may be us whom nobody hears
   */
  outcomeOf({ code }: CloseReason, isCutOff: boolean): SessionOutcome {
    if (code === DISPLACED.code) return 'displaced'
    if (this.told) return 'ended'
    if (code === 'refused') return 'refused'
    const hasSpoken = this.session.history.some(
      ({ event }) => event === 'answer-received' || event === 'offer-received'
    )
    if (hasSpoken) return 'failed'
    return code === 'offer-timeout' && !this.#isPinned && !isCutOff ? 'unanswered' : 'unasked'
  }
}
