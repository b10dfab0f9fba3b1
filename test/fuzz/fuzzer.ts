import { SeededRandom } from '@hearsay/testing'
import type { FuzzTarget } from './fuzz-target.ts'
import { mutate } from './mutator.ts'
import { shapeOf } from './shape.ts'

/** Inputs that are kept; beyond it a new one takes the place of another. */
const MAX_KEPT = 1024

const DEFAULT_MAX_BYTES = 4096

/** Attempts at making a failing input smaller. */
const MINIMIZE_ATTEMPTS = 2000

export interface FuzzFailure {
  /** As small as it could be made. */
  readonly input: Uint8Array
  readonly error: unknown
}

/** Feeds a target mutated inputs. The same seed gives the same inputs. */
export class Fuzzer {
  readonly target: FuzzTarget
  readonly seed: number
  inputs = 0
  readonly #random: SeededRandom
  readonly #maxBytes: number
  readonly #kept: Uint8Array[]
  readonly #shapes = new Set<string>()

  constructor(target: FuzzTarget, seed: number) {
    this.target = target
    this.seed = seed
    this.#random = new SeededRandom(seed)
    this.#maxBytes = target.maxBytes ?? DEFAULT_MAX_BYTES
    this.#kept = [...target.corpus, new Uint8Array(0)]
  }

  /** Different things that inputs have led to. */
  get shapes(): number {
    return this.#shapes.size
  }

  /** One input more. */
  async step(): Promise<FuzzFailure | undefined> {
    const random = this.#random
    const input = mutate(random.pick(this.#kept), random, random.pick(this.#kept), this.#maxBytes)
    this.inputs++
    try {
      const result = await this.target.run(input)
      if (result !== undefined) this.#learn(input, shapeOf(result))
      return undefined
    } catch (error) {
      return { input: await this.#minimize(input), error }
    }
  }

  #learn(input: Uint8Array, shape: string): void {
    if (this.#shapes.has(shape) || this.#shapes.size >= MAX_KEPT * 64) return
    this.#shapes.add(shape)
    if (this.#kept.length < MAX_KEPT) this.#kept.push(input)
    else this.#kept[this.#random.integer(0, MAX_KEPT - 1)] = input
  }

  /** Leaves out what is not needed to fail, in ever smaller pieces. */
  async #minimize(failing: Uint8Array): Promise<Uint8Array> {
    let input = failing
    let attempts = 0
    for (let size = input.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < input.length && attempts < MINIMIZE_ATTEMPTS; attempts++) {
        const shorter = Uint8Array.from([...input.subarray(0, at), ...input.subarray(at + size)])
        if (await this.#fails(shorter)) input = shorter
        else at += size
      }
    }
    return input
  }

  async #fails(input: Uint8Array): Promise<boolean> {
    try {
      await this.target.run(input)
      return false
    } catch {
      return true
    }
  }
}
