import type { MeshPeer } from 'hearsay'

/** How a connection came about and over what it runs. */
export interface ConnectionDescription {
  /** Name of the path that carried the offer. */
  readonly path: string
  /** Who made the offer: we did (`offerer`) or the peer (`answerer`). */
  readonly role: 'offerer' | 'answerer'
  /** From the dial, or from the arrival of the offer, to the verified connection, in milliseconds. */
  readonly ms: number
  readonly localCandidate: string
  readonly remoteCandidate: string
}

export async function describeConnection(peer: MeshPeer): Promise<ConnectionDescription> {
  const { path, offeredBy, openMs, localCandidate, remoteCandidate } = await peer.stats()
  return {
    path: path ?? 'unknown',
    role: offeredBy === 'us' ? 'offerer' : 'answerer',
    ms: Math.round(openMs),
    localCandidate: localCandidate?.type ?? 'unknown',
    remoteCandidate: remoteCandidate?.type ?? 'unknown'
  }
}
