/** Facts about pairs of names that are true for a while. Bounded: the oldest are forgotten first. */
export class Marks {
  readonly #capacity: number
  readonly #marks = new Map<string, Map<string, number>>()

  /** @param capacity first names, and second names of each */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  set(first: string, second: string, until: number): void {
    const marks = this.#marks.get(first) ?? new Map<string, number>()
    this.#marks.delete(first)
    this.#marks.set(first, marks)
    marks.delete(second)
    marks.set(second, until)
    trim(marks, MAX_SECONDS)
    trim(this.#marks, this.#capacity)
  }

  has(first: string, second: string, now: number): boolean {
    return (this.#marks.get(first)?.get(second) ?? -Infinity) > now
  }

  /** The second names of a first. */
  of(first: string, now: number): string[] {
    return [...(this.#marks.get(first) ?? [])].filter(([, until]) => until > now).map(([second]) => second)
  }
}

/** Intermediaries of one peer. */
const MAX_SECONDS = 8

function trim(map: Map<string, unknown>, capacity: number): void {
  if (map.size > capacity) {
    const [oldest] = map.keys()
    map.delete(oldest)
  }
}
