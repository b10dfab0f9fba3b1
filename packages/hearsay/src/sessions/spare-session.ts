import { MESH_LABEL_PREFIX } from '../constants.ts'
import type { PeerSession } from '@hearsay/session'

/** A session that the application has not used for so long may make room for another. */
const IDLE_MS = 3_000

/**
 * The session that is of least use: one that carries no link of the overlay before one that does, and of these the one
 * that the application has left alone for longest.
 *
 * @param worth what a session with that peer is worth to the overlay
 * @returns nothing where all are in use
 */
export function spareSession(
  sessions: readonly PeerSession[],
  worth: (peerId: string) => number
): PeerSession | undefined {
  const [spare] = sessions
    .map((session) => ({ session, idleMs: idleMsOf(session), worth: worth(session.remotePeer) }))
    .filter(({ idleMs }) => idleMs >= IDLE_MS)
    .sort((a, b) => a.worth - b.worth || b.idleMs - a.idleMs)
  return spare?.session
}

/** For how long the application has done nothing with the session. */
function idleMsOf(session: PeerSession): number {
  const channels = session.stats().channels.filter(({ label }) => !label.startsWith(MESH_LABEL_PREFIX))
  const isBusy = channels.some(
    ({ pendingRequests, runningHandlers, queuedBytes, unreadMessages }) =>
      pendingRequests + runningHandlers + queuedBytes + unreadMessages > 0
  )
  return isBusy ? 0 : Math.min(...channels.map(({ idleMs }) => idleMs))
}
