interface ClosingStream {
  ours: 'none' | 'asked' | 'confirmed'
  byPeer: boolean
}

/**
 * How far the resets of both sides are that close a data channel, by stream (RFC 8831 §6.7).
 *
 * A peer that has performed both may open the next channel on the stream at once. Where its answer to our request was
 * lost, the first message of that channel comes before the answer does, and says as much. What we have to say on the
 * stream is put off until SCTP has its answer.
 */
export class StreamResets {
  readonly #closing = new Map<number, ClosingStream>()
  /** What is put off on streams that are in use again without an answer. */
  readonly #putOff = new Map<number, (() => void)[]>()

  /** We ask for the reset of our side. */
  onRequest(streamId: number): void {
    this.#stream(streamId).ours = 'asked'
  }

  /** The peer has reset its side. */
  onIncomingReset(streamId: number): void {
    const stream = this.#stream(streamId)
    if (stream.ours === 'confirmed') this.#closing.delete(streamId)
    else stream.byPeer = true
  }

  /** A message has come. True where it tells for the first time that the reset of our side is done. */
  onMessage(streamId: number): boolean {
    const stream = this.#closing.get(streamId)
    if (stream?.ours !== 'asked' || !stream.byPeer) return false
    this.#closing.delete(streamId)
    this.#putOff.set(streamId, [])
    return true
  }

  /** The peer has answered: gives what was put off, or undefined where this is the first to tell of it. */
  onOutgoingReset(streamId: number): readonly (() => void)[] | undefined {
    const putOff = this.#putOff.get(streamId)
    if (putOff !== undefined) {
      this.#putOff.delete(streamId)
      return putOff
    }
    const stream = this.#stream(streamId)
    if (stream.byPeer) this.#closing.delete(streamId)
    else stream.ours = 'confirmed'
    return undefined
  }

  /** Whether the stream still lacks the peer's answer, so that actions on it are to be put off. */
  isPutOff(streamId: number): boolean {
    return this.#putOff.size > 0 && this.#putOff.has(streamId)
  }

  /** Puts an action off until the answer is there. */
  putOff(streamId: number, action: () => void): void {
    this.#putOff.get(streamId)?.push(action)
  }

  #stream(streamId: number): ClosingStream {
    let stream = this.#closing.get(streamId)
    if (stream === undefined) {
      stream = { ours: 'none', byPeer: false }
      this.#closing.set(streamId, stream)
    }
    return stream
  }
}
