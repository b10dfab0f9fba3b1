import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** One metric of one contender in one scenario. `median`, `min` and `max` are over the rounds of the run; see {@link successRow}. */
export interface ResultRow {
  scenario: string
  contender: string
  metric: string
  unit: string
  median: number
  min: number
  max: number
  /** Samples behind the row, all rounds together. */
  n: number
}

/** What a benchmark writes: the form is the same for every benchmark here. */
export interface BenchmarkReport {
  name: string
  commit: string
  node: string
  results: ResultRow[]
}

/** A row from one value a round. */
export function row(
  labels: Pick<ResultRow, 'scenario' | 'contender' | 'metric' | 'unit'>,
  valuePerRound: readonly number[],
  n: number
): ResultRow {
  const rounded = valuePerRound.map((value) => Number(value.toPrecision(4)))
  return {
    ...labels,
    median: quantile(rounded, 0.5),
    min: Math.min(...rounded),
    max: Math.max(...rounded),
    n
  }
}

/**
 * How much of what was tried came off, from 0 to 1. Its `median` is the share over all rounds: a median of the rounds
 * would hide what fails now and then.
 */
export function successRow(
  labels: Pick<ResultRow, 'scenario' | 'contender'>,
  sharePerRound: readonly number[],
  n: number
): ResultRow {
  const share = sharePerRound.reduce((sum, each) => sum + each, 0) / sharePerRound.length
  return {
    ...row({ ...labels, metric: 'success', unit: 'ratio' }, sharePerRound, n),
    median: Number(share.toPrecision(4))
  }
}

/** The q-quantile (0 to 1) with linear interpolation between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const weight = position - below
  return weight === 0 ? sorted[below] : sorted[below] * (1 - weight) + sorted[below + 1] * weight
}

/** @param commit what `currentCommit()` was when the run began */
export function report(name: string, commit: string, results: ResultRow[]): BenchmarkReport {
  return { name, commit, node: process.version, results }
}

export function writeReport(report: BenchmarkReport, file: string): void {
  writeFileSync(file, JSON.stringify(report, null, 2) + '\n')
}

/** The rows as a table for a person. */
export function renderTable(results: readonly ResultRow[]): string {
  const header = ['scenario', 'contender', 'metric', 'median', 'min', 'max', 'unit', 'n']
  const cells = results.map((r) =>
    [r.scenario, r.contender, r.metric, r.median, r.min, r.max, r.unit, r.n].map((cell) =>
      typeof cell === 'number' ? formatNumber(cell) : cell
    )
  )
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i].length)))
  return [header, ...cells]
    .map((line) =>
      line.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
    )
    .join('\n')
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}

/** The commit that is checked out, with `-dirty` behind it where files were changed since. */
export function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], {
      encoding: 'utf8'
    }).trim()
  } catch {
    return 'unknown'
  }
}
