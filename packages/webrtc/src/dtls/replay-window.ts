/**
 * How far behind the newest record an older one is still taken. 64 (RFC 6347, section 4.1.2.6) is less than
 * one burst of a fast data channel: reordering across a burst would drop good records.
 */
export const REPLAY_WINDOW_SIZE = 8192

const WORD_BITS = 32

/** One word more than the window, so that the word being entered can be cleared whole (RFC 6479). */
const WORDS = REPLAY_WINDOW_SIZE / WORD_BITS + 1

/** Remembers which of the last 8192 sequence numbers were taken. Ask before opening, note after. */
export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS)
  #newest = -1

  /** Whether a record of this number was neither taken before nor is too old to tell. */
  isFresh(sequenceNumber: number): boolean {
    if (sequenceNumber > this.#newest) return true
    if (sequenceNumber <= this.#newest - REPLAY_WINDOW_SIZE) return false
    return ((this.#words[wordIndex(sequenceNumber)] ?? 0) & bit(sequenceNumber)) === 0
  }

  /** Notes an authentic record; only authentic ones may move the window. */
  note(sequenceNumber: number): void {
    if (sequenceNumber > this.#newest) {
      const from = Math.floor(this.#newest / WORD_BITS)
      const to = Math.floor(sequenceNumber / WORD_BITS)
      if (to - from >= WORDS) this.#words.fill(0)
      else for (let word = from + 1; word <= to; word++) this.#words[word % WORDS] = 0
      this.#newest = sequenceNumber
    }
    const index = wordIndex(sequenceNumber)
    this.#words[index] = (this.#words[index] ?? 0) | bit(sequenceNumber)
  }
}

function wordIndex(sequenceNumber: number): number {
  return Math.floor(sequenceNumber / WORD_BITS) % WORDS
}

function bit(sequenceNumber: number): number {
  return 1 << (sequenceNumber % WORD_BITS)
}
