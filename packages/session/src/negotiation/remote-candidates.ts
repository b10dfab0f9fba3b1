import { renderCandidate, type CandidateBatch, type CandidateFilter } from '@hearsay/webrtc'
import { MAX_REMOTE_CANDIDATES } from '../constants.ts'
import type { PeerConnectionLike } from '../peer-connection.ts'

interface Entry {
  readonly ufrag: string
  /** Empty for end-of-candidates. */
  readonly line: string
}

/**
 * Hands the peer's candidates to the peer connection: queued until the remote description of their ICE generation is
 * there, filtered, bounded. What does not fit any more (an old generation) is dropped and counted.
 */
export class RemoteCandidates {
  readonly #peerConnection: PeerConnectionLike
  readonly #filter: CandidateFilter
  #queue: Entry[] = []
  #ufrag: string | undefined
  #mid: string | null = null
  #taken = 0
  #dropped = 0

  constructor(peerConnection: PeerConnectionLike, filter: CandidateFilter) {
    this.#peerConnection = peerConnection
    this.#filter = filter
  }

  get dropped(): number {
    return this.#dropped
  }

  /** The remote description of generation `ufrag` has been applied; it brought `count` candidates itself. */
  start(ufrag: string, mid: string, count: number): void {
    if (ufrag !== this.#ufrag) this.#taken = count
    this.#ufrag = ufrag
    this.#mid = mid
    const queue = this.#queue
    this.#queue = []
    for (const entry of queue) {
      if (entry.ufrag === ufrag) this.#apply(entry)
      else this.#dropped++
    }
  }

  add(ufrag: string, { candidates, endOfCandidates }: CandidateBatch): void {
    const lines = candidates.filter((candidate) => this.#filter.accepts(candidate)).map(renderCandidate)
    this.#dropped += candidates.length - lines.length
    for (const line of endOfCandidates ? [...lines, ''] : lines) {
      const entry = { ufrag, line }
      if (ufrag === this.#ufrag) this.#apply(entry)
      else if (this.#queue.length < MAX_REMOTE_CANDIDATES) this.#queue.push(entry)
      else this.#dropped++
    }
  }

  #apply({ ufrag, line }: Entry): void {
    if (line !== '' && ++this.#taken > MAX_REMOTE_CANDIDATES) {
      this.#dropped++
      return
    }
    this.#peerConnection
      .addIceCandidate({ candidate: line, sdpMid: this.#mid, sdpMLineIndex: 0, usernameFragment: ufrag })
      .catch(() => {
        // Of an older generation, or the connection is closed: neither is an error of ours.
        this.#dropped++
      })
  }
}
