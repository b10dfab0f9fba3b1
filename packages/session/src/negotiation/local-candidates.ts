import {
  CandidateBatcher,
  parseCandidate,
  type CandidateBatch,
  type CandidateFilter,
  type IceCandidate
} from '@hearsay/webrtc'
import type { Clock } from '../clock.ts'
import { CANDIDATE_BATCH_MS } from '../constants.ts'
import type { PeerConnectionLike } from '../peer-connection.ts'

/** Part of `RTCPeerConnectionIceEvent`. */
interface IceEvent extends Event {
  readonly candidate?: { readonly candidate: string; readonly usernameFragment: string | null } | null
}

/**
 * Trickles local candidates (RFC 8838): those that were not in the description already, filtered, in batches, with
 * end-of-candidates. Nothing goes before `start()`, which names what the description has said.
 */
export class LocalCandidates {
  readonly #peerConnection: PeerConnectionLike
  readonly #clock: Clock
  readonly #filter: CandidateFilter
  readonly #send: (ufrag: string, batch: CandidateBatch) => void
  readonly #batcher = new CandidateBatcher({ maxDelayMs: CANDIDATE_BATCH_MS })
  readonly #onCandidate = (event: Event): void => this.#handleEvent(event)
  #known = new Set<string>()
  #early: IceCandidate[] = []
  #ufrag: string | undefined
  #ended = false
  #timer: unknown

  constructor(
    peerConnection: PeerConnectionLike,
    clock: Clock,
    filter: CandidateFilter,
    send: (ufrag: string, batch: CandidateBatch) => void
  ) {
    this.#peerConnection = peerConnection
    this.#clock = clock
    this.#filter = filter
    this.#send = send
    peerConnection.addEventListener('icecandidate', this.#onCandidate)
  }

  /** A description left, or is about to; only what is not in it is trickled from here on. */
  start(ufrag: string, inDescription: readonly IceCandidate[], saidEnd: boolean): void {
    if (this.#ufrag !== undefined && this.#ufrag !== ufrag) this.#restart()
    this.#ufrag = ufrag
    for (const candidate of inDescription) this.#known.add(keyOf(candidate))
    for (const candidate of this.#early.splice(0)) this.#add(candidate)
    if (this.#ended && !saidEnd) this.#batcher.end()
    this.#flush()
  }

  close(): void {
    this.#peerConnection.removeEventListener('icecandidate', this.#onCandidate)
    this.#clock.clearTimeout(this.#timer)
  }

  #handleEvent({ candidate }: IceEvent): void {
    if (candidate === undefined) return
    if (candidate === null || candidate.candidate === '') {
      this.#ended = true
      if (this.#ufrag !== undefined) this.#batcher.end()
    } else {
      const parsed = parse(candidate.candidate, candidate.usernameFragment)
      if (parsed === undefined) return
      // A restart's candidates can come before the description that carries their ufrag has been made ready.
      const { usernameFragment } = parsed
      const isOfNext = usernameFragment !== undefined && usernameFragment !== this.#ufrag
      if (this.#ufrag === undefined || isOfNext) this.#early.push(parsed)
      else this.#add(parsed)
    }
    this.#flush()
  }

  #add(candidate: IceCandidate): void {
    const key = keyOf(candidate)
    const { usernameFragment } = candidate
    if (usernameFragment !== undefined && usernameFragment !== this.#ufrag) return
    if (this.#known.has(key) || !this.#filter.accepts(candidate)) return
    this.#known.add(key)
    this.#batcher.add(candidate, this.#clock.now())
  }

  #flush(): void {
    const now = this.#clock.now()
    this.#batcher.handleTimeout(now)
    for (let batch = this.#batcher.pollOutput(); batch !== undefined; batch = this.#batcher.pollOutput()) {
      if (this.#ufrag !== undefined) this.#send(this.#ufrag, batch)
    }
    this.#clock.clearTimeout(this.#timer)
    const due = this.#batcher.pollTimeout()
    this.#timer =
      due === undefined ? undefined : this.#clock.setTimeout(() => this.#flush(), Math.max(0, due - now))
  }

  #restart(): void {
    this.#batcher.restart()
    this.#known = new Set()
    this.#ended = this.#peerConnection.iceGatheringState === 'complete'
  }
}

function parse(line: string, ufrag: string | null): IceCandidate | undefined {
  try {
    const candidate = parseCandidate(line)
    return candidate.usernameFragment === undefined && ufrag !== null
      ? { ...candidate, usernameFragment: ufrag }
      : candidate
  } catch {
    // A kind of candidate that this version does not know, such as component 2: the peer could not use it either.
    return undefined
  }
}

function keyOf({ type, protocol, address, port }: IceCandidate): string {
  return `${type} ${protocol} ${address} ${port}`
}
