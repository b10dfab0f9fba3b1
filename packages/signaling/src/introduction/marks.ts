/**
 * Facts about pairs of names that are true for a while. Bounded, the oldest are forgotten first: many of one first name
 * push out none of another's.
 */
export class Marks {
  readonly #maxFirsts: number
  readonly #maxSeconds: number
  readonly #marks = new Map<string, Map<string, number>>()

  /** @param maxFirsts first names @param maxSeconds second names of each */
  constructor(maxFirsts: number, maxSeconds: number) {
    this.#maxFirsts = maxFirsts
    this.#maxSeconds = maxSeconds
  }

  set(first: string, second: string, until: number): void {
    const marks = this.#marks.get(first) ?? new Map<string, number>()
    this.#marks.delete(first)
    this.#marks.set(first, marks)
    marks.delete(second)
    marks.set(second, until)
    trim(marks, this.#maxSeconds)
    trim(this.#marks, this.#maxFirsts)
  }

  has(first: string, second: string, now: number): boolean {
    return (this.#marks.get(first)?.get(second) ?? -Infinity) > now
  }

  /** The first names that a second name is marked with. */
  firstsOf(second: string, now: number): string[] {
    return [...this.#marks.keys()].filter((first) => this.has(first, second, now))
  }
}

function trim(map: Map<string, unknown>, capacity: number): void {
  if (map.size > capacity) {
    const [oldest] = map.keys()
    map.delete(oldest)
  }
}
