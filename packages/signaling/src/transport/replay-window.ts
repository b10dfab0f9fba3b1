/** Packet numbers up to this far below the highest one are still told apart. A power of two. */
export const WINDOW = 1024

/** Which packet numbers have come, as RFC 6479 keeps them: a ring of bits below the highest number. */
export class ReplayWindow {
  readonly #bits = new Uint8Array(WINDOW)
  #highest = -1

  /** -1 where nothing has come. */
  get highest(): number {
    return this.#highest
  }

  check(number: number): 'new' | 'duplicate' | 'old' {
    if (number > this.#highest) {
      return 'new'
    }
    if (number <= this.#highest - WINDOW) {
      return 'old'
    }
    return this.#bits[number % WINDOW] === 1 ? 'duplicate' : 'new'
  }

  /** Only for a number that is new, of a packet that is authentic. */
  add(number: number): void {
    if (number > this.#highest) {
      const first = Math.max(this.#highest + 1, number - WINDOW + 1)
      for (let skipped = first; skipped < number; skipped++) {
        this.#bits[skipped % WINDOW] = 0
      }
      this.#highest = number
    }
    this.#bits[number % WINDOW] = 1
  }

  /** Bit i tells that `highest - 1 - i` has not come, for `count` numbers; bytes of trailing zeros are left out. */
  missing(count: number): Uint8Array {
    const bitmap = new Uint8Array(count >> 3)
    let length = 0
    for (let index = 0; index < count; index++) {
      const number = this.#highest - 1 - index
      if (number >= 0 && this.#bits[number % WINDOW] === 0) {
        bitmap[index >> 3] |= 1 << (index & 7)
        length = (index >> 3) + 1
      }
    }
    return bitmap.slice(0, length)
  }
}
