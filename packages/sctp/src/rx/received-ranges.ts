/**
 * What was received beyond the cumulative TSN, as sorted ranges with gaps between them: the gap blocks of a SACK.
 * Nearly every insertion extends the last range, so the search begins there.
 */
export class ReceivedRanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  get count(): number {
    return this.#starts.length
  }

  start(index: number): number {
    return this.#starts[index]
  }

  end(index: number): number {
    return this.#ends[index]
  }

  /** The highest sequence number received, -1 for none. */
  get highest(): number {
    return this.#ends.at(-1) ?? -1
  }

  has(seq: number): boolean {
    const index = this.#lastStartingAtOrBefore(seq)
    return index >= 0 && seq <= this.#ends[index]
  }

  /** Adds a sequence number that is not there yet. */
  add(seq: number): void {
    const index = this.#lastStartingAtOrBefore(seq)
    const joinsBelow = index >= 0 && this.#ends[index] === seq - 1
    const joinsAbove = index + 1 < this.#starts.length && this.#starts[index + 1] === seq + 1
    if (joinsBelow && joinsAbove) {
      this.#ends[index] = this.#ends[index + 1]
      this.#starts.splice(index + 1, 1)
      this.#ends.splice(index + 1, 1)
    } else if (joinsBelow) {
      this.#ends[index] = seq
    } else if (joinsAbove) {
      this.#starts[index + 1] = seq
    } else {
      this.#starts.splice(index + 1, 0, seq)
      this.#ends.splice(index + 1, 0, seq)
    }
  }

  /** Forgets everything below `seq`. */
  removeBelow(seq: number): void {
    let whole = 0
    while (whole < this.#ends.length && this.#ends[whole] < seq) {
      whole++
    }
    if (whole > 0) {
      this.#starts.splice(0, whole)
      this.#ends.splice(0, whole)
    }
    if (this.#starts.length > 0 && this.#starts[0] < seq) {
      this.#starts[0] = seq
    }
  }

  clear(): void {
    this.#starts.length = 0
    this.#ends.length = 0
  }

  #lastStartingAtOrBefore(seq: number): number {
    let high = this.#starts.length - 1
    if (high < 0 || this.#starts[high] <= seq) {
      return high
    }
    let low = 0
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle] <= seq) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low - 1
  }
}
