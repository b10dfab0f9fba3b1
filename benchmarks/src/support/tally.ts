import { row, successRow } from './results.ts'
import type { ResultRow } from './results.ts'

/** What a turn measures. */
export interface Metric {
  readonly metric: string
  readonly unit: string
  /** Whether our figure is also told as a ratio to each rival's. */
  readonly isCompared?: boolean
}

/** What one turn of one contender yielded: a value for each metric, and the number of samples behind them. */
export interface Sample {
  readonly values: readonly number[]
  readonly n: number
  /** How much of what was tried succeeded, where a turn is many attempts. @default 1 */
  readonly success?: number
}

interface Entry {
  readonly scenario: string
  readonly contender: string
  /** By round; a failed turn is `undefined`. */
  readonly turns: (Sample | undefined)[]
}

/** Whose figures are told as ratios to the others'. */
const subject = 'hearsay'

/** Collects what turns yield, and makes rows of it: success, each metric, and ratios between contenders of one round. */
export class Tally {
  readonly #metrics: readonly Metric[]
  readonly #entries = new Map<string, Entry>()

  constructor(metrics: readonly Metric[]) {
    this.#metrics = metrics
  }

  /** To be called once a round for each scenario and contender, in the order of rounds. */
  record(scenario: string, contender: string, sample: Sample | undefined): void {
    const key = `${scenario}\n${contender}`
    const entry = this.#entries.get(key) ?? { scenario, contender, turns: [] }
    entry.turns.push(sample)
    this.#entries.set(key, entry)
  }

  rows(): ResultRow[] {
    return [...this.#entries.values()].flatMap((entry) => [
      ...this.#metricRows(entry),
      ...(entry.contender === subject ? this.#ratioRows(entry) : [])
    ])
  }

  #metricRows({ scenario, contender, turns }: Entry): ResultRow[] {
    const labels = { scenario, contender }
    const samples = turns.filter((turn) => turn !== undefined)
    const n = samples.reduce((sum, sample) => sum + sample.n, 0)
    const success = successRow(labels, turns.map(toSuccess), turns.length)
    if (samples.length === 0) return [success]
    return [
      success,
      ...this.#metrics.map(({ metric, unit }, i) =>
        row(
          { ...labels, metric, unit },
          samples.map(({ values }) => values[i]),
          n
        )
      )
    ]
  }

  /** The median of ratios of one round each, as the machine is faster in one minute than in another. */
  #ratioRows({ scenario, turns }: Entry): ResultRow[] {
    return [...this.#entries.values()]
      .filter((rival) => rival.scenario === scenario && rival.contender !== subject)
      .flatMap((rival) =>
        this.#metrics.flatMap(({ metric, isCompared }, i) => {
          if (isCompared !== true) return []
          const ratios = turns.flatMap((ours, round) => {
            const theirs = rival.turns[round]
            const ratio = ours === undefined || theirs === undefined ? NaN : ours.values[i] / theirs.values[i]
            return Number.isFinite(ratio) ? [ratio] : []
          })
          if (ratios.length === 0) return []
          const labels = { scenario, contender: subject, metric: `${metric} vs ${rival.contender}` }
          return [row({ ...labels, unit: 'ratio' }, ratios, ratios.length)]
        })
      )
  }
}

function toSuccess(turn: Sample | undefined): number {
  return turn === undefined ? 0 : (turn.success ?? 1)
}
