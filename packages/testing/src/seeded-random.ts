/** A reproducible source of randomness for tests (sfc32). It is not a secret one. */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any integer; the same seed gives the same sequence */
  constructor(seed: number) {
    this.#a = 0x9e3779b9
    this.#b = 0x243f6a88
    this.#c = seed | 0
    for (let index = 0; index < 16; index++) this.#next()
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  number(): number {
    return this.#next() / 2 ** 32
  }

  /** A whole number from `minimum` to `maximum`, both inclusive. */
  integer(minimum: number, maximum: number): number {
    return minimum + Math.floor(this.number() * (maximum - minimum + 1))
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.number() < probability
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.#next() & 0xff)
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.integer(0, values.length - 1)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
