interface Event {
  readonly at: number
  readonly order: number
  readonly action: () => void
}

/** Actions by the time at which they happen (a binary heap): those of one time in the order in which they were added. */
export class EventQueue {
  readonly #heap: Event[] = []
  #order = 0

  /** When the next action happens; infinity where there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: number, action: () => void): void {
    const heap = this.#heap
    const event = { at, order: this.#order++, action }
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  /** Takes the next action. */
  take(): (() => void) | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first?.action
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const right = heap[child + 1]
      let next = heap[child]
      if (next === undefined) break
      if (right !== undefined && isBefore(right, next)) {
        next = right
        child++
      }
      if (!isBefore(next, last)) break
      heap[index] = next
      index = child
    }
    heap[index] = last
    return first.action
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
