/** A fragment that waits for the rest of its message. */
export interface ReassemblyChunk {
  readonly tsn: number
  readonly flags: number
  readonly userData: { readonly length: number }
}

const LAST_FRAGMENT = 1
const FIRST_FRAGMENT = 2

/**
 * Removes from a stream's fragments, which are in order of their TSN, those of messages that can never be whole because
 * a FORWARD TSN up to `tsn` has skipped a part of them (RFC 3758 §3.6). Returns how many bytes went.
 */
export function pruneReassembly(chunks: ReassemblyChunk[], tsn: number): number {
  const isSkipped = (missing: number): boolean => ((tsn - missing) | 0) >= 0
  const isDead = chunks.map((_, index) => {
    for (let at = index; (chunks[at].flags & FIRST_FRAGMENT) === 0; at--) {
      const before = (chunks[at].tsn - 1) >>> 0
      if (chunks[at - 1]?.tsn !== before) return isSkipped(before)
    }
    for (let at = index; (chunks[at].flags & LAST_FRAGMENT) === 0; at++) {
      const after = (chunks[at].tsn + 1) >>> 0
      if (chunks[at + 1]?.tsn !== after) return isSkipped(after)
    }
    return false
  })
  const dead = chunks.filter((_, index) => isDead[index])
  const alive = chunks.filter((_, index) => !isDead[index])
  chunks.splice(0, chunks.length, ...alive)
  return dead.reduce((bytes, { userData }) => bytes + userData.length, 0)
}
