/**
 * Peer IDs in their order, the first after the last. To compare two costs a decoding of both, and a room has thousands:
 * a change and a question take as many comparisons as the logarithm of the size.
 */
export class PeerRing {
  readonly #compare: (a: string, b: string) => number
  readonly #order: string[] = []

  /** @param compare orders peer IDs; 0 for the same only */
  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#order.length
  }

  add(peerId: string): void {
    const place = this.#place(peerId)
    if (this.#order[place] !== peerId) this.#order.splice(place, 0, peerId)
  }

  delete(peerId: string): void {
    const place = this.#place(peerId)
    if (this.#order[place] === peerId) this.#order.splice(place, 1)
  }

  /** Who comes after that peer, which need not be in the ring itself; `undefined` where nobody else is. */
  next(peerId: string): string | undefined {
    const [next] = this.#from(this.#after(peerId), 1)
    return next === peerId ? undefined : next
  }

  /** Up to `count` on either side of that peer. */
  around(peerId: string, count: number): Set<string> {
    const after = this.#after(peerId)
    const before = this.#place(peerId) - Math.min(count, this.size)
    const near = new Set([...this.#from(before, count), ...this.#from(after, count)])
    near.delete(peerId)
    return near
  }

  /** So many from that place on, over the end, nobody twice. */
  #from(place: number, count: number): string[] {
    return Array.from({ length: Math.min(count, this.size) }, (_, index) => {
      return this.#order[(place + index + this.size) % this.size]
    })
  }

  #after(peerId: string): number {
    const place = this.#place(peerId)
    return this.#order[place] === peerId ? place + 1 : place
  }

  /** The first place whose peer is not below that one. */
  #place(peerId: string): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#order[middle], peerId) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
