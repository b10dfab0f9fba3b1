import type { ContenderName } from './stacks/stack.ts'
import type { ResultRow } from './support/results.ts'

export interface BenchmarkOptions {
  /** One small round, to see that it works. */
  readonly quick: boolean
  /** Who takes part. */
  readonly contenders: readonly ContenderName[]
  /** Rounds of a full run, instead of the benchmark's own number. */
  readonly rounds?: number
  /** Only scenarios whose name contains this. */
  readonly only?: string
  /** Called with one line now and then. */
  readonly progress: (line: string) => void
}

/** Measures and returns its rows. A contender that fails or stalls is a row of its own; it never rejects for one. */
export type Benchmark = (options: BenchmarkOptions) => Promise<ResultRow[]>
