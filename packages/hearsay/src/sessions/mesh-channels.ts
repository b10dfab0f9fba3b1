import { MAX_ENVELOPE_BYTES, MESH_LABEL_PREFIX, SIGNAL_CHANNEL } from '../constants.ts'
import { NoSessionError } from '../errors.ts'
import type { Channel, ChannelOptions, PeerSession } from '@hearsay/session'
import type { Logger } from '@libp2p/interface'

// The channels of sessions on which meshes talk to each other: for signaling, and for links of the overlay.

/** Who takes what comes on them. */
export interface MeshChannelListener {
  /** A peer opened a channel of the mesh's own. @returns whether somebody has taken it */
  readonly acceptChannel: (peerId: string, channel: Channel<Uint8Array>) => boolean
  /** A signaling envelope came from the peer itself. */
  readonly receiveEnvelope: (peerId: string, envelope: Uint8Array) => void
  readonly log: Logger
}

/** What every session declares of them. */
export const MESH_CHANNELS: Readonly<Record<string, ChannelOptions>> = {
  [SIGNAL_CHANNEL]: { codec: 'bytes', priority: 'high', maxMessageSize: MAX_ENVELOPE_BYTES }
}

/** Listens to them on a new session. */
export function listenOnMeshChannels(session: PeerSession, listener: MeshChannelListener): void {
  session.channel<Uint8Array>(SIGNAL_CHANNEL).addEventListener('message', ({ detail }) => {
    listener.receiveEnvelope(session.remotePeer, detail)
  })
  session.addEventListener('channel', ({ detail: channel }) => {
    if (!channel.label.startsWith(MESH_LABEL_PREFIX)) return
    const isTaken = listener.acceptChannel(
      session.remotePeer,
      watched(session, channel as Channel<Uint8Array>)
    )
    if (isTaken) return
    // Labels of the mesh's own that nobody knows are of a newer version: whoever opened the channel sees it close.
    channel.close().catch((error: unknown) => {
      listener.log('a channel did not close - %e', error)
    })
  })
}

/**
 * Opens one.
 *
 * @throws {NoSessionError} the session with that peer is not up
 */
export function openMeshChannel(
  peerId: string,
  session: PeerSession | undefined,
  label: string,
  options: ChannelOptions<Uint8Array>
): Channel<Uint8Array> {
  if (session?.state.name !== 'connected') throw new NoSessionError(peerId)
  return watched(session, session.channel(label, options))
}

/** The mesh itself stands on such a channel: while it is open, the peer's end is to be noticed soon. */
function watched<Message>(session: PeerSession, channel: Channel<Message>): Channel<Message> {
  session.standOn(channel)
  return channel
}
