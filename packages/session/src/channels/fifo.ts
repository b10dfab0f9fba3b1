/** Taken items up to this many are let lie before the rest is moved up: `Array.shift()` moves it every time. */
const MAX_TAKEN = 1024

/** First in, first out, of any length: `shift()` costs the same however many wait. */
export class Fifo<Item> implements Iterable<Item> {
  #items: Item[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): Item | undefined {
    return this.#items[this.#head]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    // What was taken must not be kept alive from here.
    this.#items[this.#head++] = undefined as Item
    if (this.#head === this.#items.length || this.#head > MAX_TAKEN) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes out the first that matches. */
  take(matches: (item: Item) => boolean): Item | undefined {
    const index = this.#items.findIndex((item, at) => at >= this.#head && matches(item))
    if (index === -1) return undefined
    return index === this.#head ? this.shift() : this.#items.splice(index, 1)[0]
  }

  /** Takes out all that match. */
  takeAll(matches: (item: Item) => boolean): Item[] {
    const [taken, left]: [Item[], Item[]] = [[], []]
    for (const item of this) (matches(item) ? taken : left).push(item)
    this.#items = left
    this.#head = 0
    return taken
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index]
  }
}
