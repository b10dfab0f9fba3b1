import type { ContenderName } from '../stacks/stack.ts'
import { Pair } from './pair.ts'

/** A pair of processes for each contender, kept from turn to turn, so that all have run long enough to be compiled. */
export class PairPool implements AsyncDisposable {
  readonly #pairs = new Map<ContenderName, Pair>()
  readonly #start: (contender: ContenderName) => Promise<Pair>

  constructor(start = (contender: ContenderName) => Pair.start(contender)) {
    this.#start = start
  }

  async take(contender: ContenderName): Promise<Pair> {
    const pair = this.#pairs.get(contender) ?? (await this.#start(contender))
    this.#pairs.set(contender, pair)
    return pair
  }

  /** After a failure: the next turn has new processes. */
  async drop(contender: ContenderName): Promise<void> {
    const pair = this.#pairs.get(contender)
    this.#pairs.delete(contender)
    await pair?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pairs.keys()].map((contender) => this.drop(contender)))
  }
}
