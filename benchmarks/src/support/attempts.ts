import { quantile } from './results.ts'
import type { Metric, Sample } from './tally.ts'

/** Milliseconds until the channel was open; `undefined` where it never was. */
export type Attempt = number | undefined

/** What is told of the attempts of one round. */
export const attemptMetrics: readonly Metric[] = [
  { metric: 'p50', unit: 'ms', isCompared: true },
  { metric: 'p95', unit: 'ms', isCompared: true },
  { metric: 'max', unit: 'ms' }
]

export function sampleOf(attempts: readonly Attempt[]): Sample | undefined {
  const times = attempts.filter((attempt) => attempt !== undefined)
  if (times.length === 0) return undefined
  return {
    values: [0.5, 0.95, 1].map((q) => quantile(times, q)),
    n: attempts.length,
    success: times.length / attempts.length
  }
}
