import { MESH_LABEL_PREFIX } from '../constants.ts'
import type { Channel } from '@hearsay/session'

/** A channel of a session as a link uses it. */
export type LinkChannel = Channel<Uint8Array>

/** Who has the sessions. */
export interface SessionLinks {
  /**
   * Opens a channel on the session with that peer.
   *
   * @throws {NoSessionError} there is no session with it, or it is not up
   */
  open(peerId: string, label: string): LinkChannel
}

const PREFIX = `${MESH_LABEL_PREFIX}link:`

/** Label of the channel of one link. The nonce keeps links apart that both sides open, and one from the next. */
export function linkLabel(link: string): string {
  const nonce = crypto.getRandomValues(new Uint32Array(2))
  return `${PREFIX}${link}:${nonce[0].toString(36)}${nonce[1].toString(36)}`
}

/** The link's name in the label of a channel; `undefined` for every other channel. */
export function linkOf(label: string): string | undefined {
  return label.startsWith(PREFIX) ? label.slice(PREFIX.length).split(':')[0] : undefined
}
