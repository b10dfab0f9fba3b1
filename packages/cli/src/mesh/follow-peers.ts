import { describeConnection } from './describe-connection.ts'
import type { EventOutput } from '../terminal/event-output.ts'
import type { Mesh, MeshPeer } from 'hearsay'

/** Characters of a peer ID that tell peers apart for a person: all begin alike. */
const SHORT_ID = 8

export function shortId(peerId: string): string {
  return peerId.slice(-SHORT_ID)
}

/** Tells of every connection that comes and goes, those that were there before included. */
export function followPeers(mesh: Mesh, output: EventOutput): void {
  const told = new Map<MeshPeer, Promise<void>>()

  const tell = async (peer: MeshPeer): Promise<void> => {
    const connection = await describeConnection(peer)
    const { path, ms, localCandidate, remoteCandidate } = connection
    output.note(
      { event: 'connected', peer: peer.peerId, ...connection },
      `+ ${shortId(peer.peerId)} connected by ${path} in ${ms} ms (${localCandidate} ↔ ${remoteCandidate})`
    )
  }
  const tellOnce = (peer: MeshPeer): Promise<void> => {
    const telling = told.get(peer) ?? tell(peer)
    told.set(peer, telling)
    return telling
  }

  mesh.addEventListener('peer:connected', ({ detail }) => {
    void tellOnce(detail)
  })
  mesh.addEventListener('peer:disconnected', ({ detail: { peer, reason } }) => {
    // Not before its beginning has been told: that waits for the connection's statistics.
    void tellOnce(peer).then(() => {
      told.delete(peer)
      output.note(
        { event: 'disconnected', peer: peer.peerId, reason },
        `- ${shortId(peer.peerId)} disconnected: ${reason.code}`
      )
    })
  })
  mesh.addEventListener('room:key-mismatch', ({ detail: { room } }) => {
    output.note(
      { event: 'key-mismatch', room },
      `nobody here shares the key of room ${room}; check the password or the room key`
    )
  })
  mesh.addEventListener('error', ({ detail }) => {
    output.note({ event: 'error', message: detail.message }, `error: ${detail.message}`)
  })
  for (const peer of mesh.peers) {
    void tellOnce(peer)
  }
}
