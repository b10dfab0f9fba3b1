/** Items behind the front are given back to the collector once there are so many of them, and they are half of all. */
const COMPACT_AT = 1024

/** A queue whose `shift()` costs the same however long it is, unlike an array's. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #front = 0

  /** The item that `shift()` would take. */
  get first(): T | undefined {
    return this.#items[this.#front]
  }

  /** The item that was pushed last. */
  get last(): T | undefined {
    return this.#items.at(-1)
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#front]
    if (item === undefined) return undefined
    this.#items[this.#front++] = undefined
    if (this.#front >= COMPACT_AT && this.#front * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#front)
      this.#front = 0
    }
    return item
  }
}
