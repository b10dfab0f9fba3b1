import type { CandidatePair } from 'werift'
import { pairPriority } from './priority.ts'

/**
 * The pairs that work, and the one that is used: the best that is nominated, or else the best. With the aggressive
 * nomination of werift's checks both sides come to the same pair that way; where the peer nominates another later, as
 * RFC 8445 has it, data is taken from all of them.
 */
export class PairSelection {
  readonly #isControlling: () => boolean
  readonly #working = new Set<CandidatePair>()
  #selected: CandidatePair | undefined

  constructor(isControlling: () => boolean) {
    this.#isControlling = isControlling
  }

  get selected(): CandidatePair | undefined {
    return this.#selected
  }

  /** Whether any pair works. */
  get isUsable(): boolean {
    return this.#working.size > 0
  }

  /** Notes that a pair works; returns false if that was known. */
  add(pair: CandidatePair): boolean {
    const isNew = !this.#working.has(pair)
    this.#working.add(pair)
    return isNew
  }

  /** Notes that a pair does not work (any more). The selected one stays so while no other works. */
  remove(pair: CandidatePair): void {
    this.#working.delete(pair)
  }

  /** Selects anew. Returns whether another pair was selected. */
  update(): boolean {
    let best: CandidatePair | undefined
    for (const pair of this.#working) {
      if (best === undefined || this.#isBetter(pair, best)) best = pair
    }
    if (best === undefined || best === this.#selected) return false
    this.#selected = best
    return true
  }

  /** Whether a pair would not be chosen even if it worked. */
  isInferior(pair: CandidatePair): boolean {
    const selected = this.#selected
    return selected?.nominated === true && this.#priorityOf(pair) < this.#priorityOf(selected)
  }

  /** Best first. */
  sort(pairs: CandidatePair[]): void {
    pairs.sort((a, b) => {
      const [first, second] = [this.#priorityOf(a), this.#priorityOf(b)]
      return first > second ? -1 : first < second ? 1 : 0
    })
  }

  #isBetter(pair: CandidatePair, than: CandidatePair): boolean {
    if (pair.nominated !== than.nominated) return pair.nominated
    return this.#priorityOf(pair) > this.#priorityOf(than)
  }

  #priorityOf({ localCandidate, remoteCandidate }: CandidatePair): bigint {
    const [local, remote] = [localCandidate.priority, remoteCandidate.priority]
    return this.#isControlling() ? pairPriority(local, remote) : pairPriority(remote, local)
  }
}
