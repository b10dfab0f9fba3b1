import type { BenchmarkOptions } from '../benchmark.ts'
import type { ResultRow } from '../support/results.ts'
import { withDeadline } from '../support/deadline.ts'
import { rotated } from '../support/rotated.ts'
import { Tally } from '../support/tally.ts'
import type { Metric, Sample } from '../support/tally.ts'
import type { ContenderName } from '../stacks/stack.ts'
import type { Pair } from './pair.ts'
import { PairPool } from './pair-pool.ts'

export interface Contest<S extends { readonly name: string }> {
  readonly scenarios: readonly S[]
  readonly metrics: readonly Metric[]
  readonly rounds: number
  /** How long a turn may take before it counts as failed, in milliseconds. */
  readonly turnTimeoutMs: number
  /** How a contender's processes are started. @default Pair.start */
  readonly startPair?: (contender: ContenderName) => Promise<Pair>
  /** One turn of one contender, on processes that it may find warm. */
  readonly turn: (pair: Pair, scenario: S, contender: ContenderName) => Promise<Sample>
}

/**
 * Lets contenders take turns at each scenario, in another order every round, and reports who was how fast. What fails
 * or takes too long is recorded as a failure, and its processes are replaced.
 */
export async function takeTurns<S extends { readonly name: string }>(
  { scenarios, metrics, rounds, turnTimeoutMs, startPair, turn }: Contest<S>,
  { contenders, only = '', progress, ...options }: BenchmarkOptions
): Promise<ResultRow[]> {
  const tally = new Tally(metrics)
  const roundCount = options.rounds ?? rounds
  const chosen = scenarios.filter(({ name }) => name.includes(only))
  await using pairs = new PairPool(startPair)
  for (let round = 0; round < roundCount; round++) {
    for (const scenario of chosen) {
      for (const contender of rotated(contenders, round)) {
        const sample = await takeTurn(scenario, contender)
        tally.record(scenario.name, contender, sample)
        const told = sample?.values.map((value, i) => `${value.toPrecision(4)} ${metrics[i].unit}`).join(', ')
        progress(`round ${round + 1}/${roundCount}: ${scenario.name}: ${contender}: ${told ?? 'FAILED'}`)
      }
    }
  }
  return tally.rows()

  async function takeTurn(scenario: S, contender: ContenderName): Promise<Sample | undefined> {
    try {
      const pair = await pairs.take(contender)
      return await withDeadline(turn(pair, scenario, contender), turnTimeoutMs, 'a turn')
    } catch (error) {
      progress(`${scenario.name}: ${contender}: ${String(error)}`)
      await pairs.drop(contender)
      return undefined
    }
  }
}
