/** Counters below the highest one that are told apart; what is older counts as seen. */
export const WINDOW = 1_024

const WORD = 32

/** Which counters of one origin have come: a window that slides with the highest of them. */
export class SeenWindow {
  #highest = 0
  /** Bit `counter % WINDOW`, from the first on that comes out of order. */
  readonly #bits = new Uint32Array(WINDOW / WORD)

  /** Whether it can still be taken. */
  isNew(counter: number): boolean {
    if (counter > this.#highest) return true
    return counter > this.#highest - WINDOW && !this.#has(counter)
  }

  /** @returns false where it was taken before, or is too old to tell */
  take(counter: number): boolean {
    if (!this.isNew(counter)) return false
    if (counter > this.#highest) this.#slideTo(counter)
    this.#set(counter, true)
    return true
  }

  #slideTo(counter: number): void {
    if (counter - this.#highest >= WINDOW) this.#bits.fill(0)
    else for (let passed = this.#highest + 1; passed < counter; passed++) this.#set(passed, false)
    this.#highest = counter
  }

  #has(counter: number): boolean {
    const index = counter % WINDOW
    return (((this.#bits[Math.floor(index / WORD)] ?? 0) >>> (index % WORD)) & 1) === 1
  }

  #set(counter: number, isTaken: boolean): void {
    const index = counter % WINDOW
    const word = Math.floor(index / WORD)
    const bit = 1 << (index % WORD)
    const bits = this.#bits[word] ?? 0
    this.#bits[word] = isTaken ? bits | bit : bits & ~bit
  }
}
