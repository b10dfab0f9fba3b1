import { quantile, row } from '../support/results.ts'
import type { ResultRow } from '../support/results.ts'

/** Milliseconds until the channel was open; `undefined` where it never was. */
export type Attempt = number | undefined

/** The four rows of one scenario and contender: success rate, p50, p95 and max, from all rounds. */
export function attemptRows(scenario: string, contender: string, rounds: readonly Attempt[][]): ResultRow[] {
  const succeeded = rounds.map((round) => round.filter((attempt) => attempt !== undefined))
  const n = rounds.flat().length
  const times = succeeded.filter((round) => round.length > 0)
  const labels = { scenario, contender }
  return [
    row(
      { ...labels, metric: 'success', unit: 'ratio' },
      rounds.map((round, i) => succeeded[i].length / round.length),
      n
    ),
    row({ ...labels, metric: 'p50', unit: 'ms' }, perRound(times, 0.5), n),
    row({ ...labels, metric: 'p95', unit: 'ms' }, perRound(times, 0.95), n),
    row({ ...labels, metric: 'max', unit: 'ms' }, perRound(times, 1), n)
  ]
}

function perRound(rounds: readonly number[][], q: number): number[] {
  return rounds.map((round) => quantile(round, q))
}
