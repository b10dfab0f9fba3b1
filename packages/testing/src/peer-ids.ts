import { comparePeerIds, peerIdOfSeed } from '@hearsay/signaling'

/** A peer ID of its own for every number: valid, and the same in every run. */
export function testPeerId(index: number): string {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, index)
  return peerIdOfSeed(seed)
}

/** So many peer IDs in order: each is polite towards those after it. */
export function testPeerIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => testPeerId(index)).sort(comparePeerIds)
}
