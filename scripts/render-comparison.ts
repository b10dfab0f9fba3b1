/** The form of every benchmark's file. */
export interface Report {
  readonly name: string
  readonly commit: string
  readonly node: string
  readonly results: readonly Row[]
}

interface Row {
  readonly scenario: string
  readonly contender: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly n: number
}

/** What is shown of a benchmark; the rest is in its file. */
interface Shown {
  readonly title: string
  readonly metrics: readonly string[]
  readonly scenarios?: RegExp
}

const SHOWN: Readonly<Record<string, Shown>> = {
  throughput: {
    title: 'Throughput by size of message',
    metrics: ['throughput'],
    scenarios: /^\d+ \w+$|^(64 B|64 KiB), four/
  },
  latency: { title: 'Round trips of small messages', metrics: ['RTT p50', 'RTT p95'] },
  open: { title: 'Opening a connection', metrics: ['p50', 'p95'] },
  loss: {
    title: 'Difficult paths',
    metrics: ['goodput', 'utilization', 'sent again', 'share of the smaller', 'share left to TCP']
  },
  many: {
    title: 'Many idle connections in one process',
    metrics: ['time to open all', 'memory a connection', 'idle CPU']
  },
  connect: { title: 'From a peer ID to an open channel', metrics: ['p50', 'p95'] },
  mesh: {
    title: 'Processes that start at once, until all pairs are connected',
    metrics: ['all pairs connected since process start', 'resident memory a process']
  }
}

/** In the order of the columns. */
const CONTENDERS = ['hearsay', 'node-datachannel', 'wrtc', 'werift']

/** Where losses are what the row is about, how much was sent again only matters in a bottleneck. */
const IS_BESIDE_THE_POINT = (row: Row): boolean =>
  row.metric === 'sent again' && !row.scenario.includes('bottleneck')

/** One table a report: a row a figure, a column a contender. */
export function renderComparison(reports: readonly Report[]): string {
  return reports.map(renderReport).join('\n\n')
}

function renderReport({ name, commit, node, results }: Report): string {
  const { title, metrics, scenarios } = SHOWN[name] ?? { title: name, metrics: metricsOf(results) }
  const rows = results.filter((row) => scenarios === undefined || scenarios.test(row.scenario))
  const contenders = CONTENDERS.filter((contender) => rows.some((row) => row.contender === contender))
  const figures = rows
    .filter((row) => metrics.includes(row.metric) && !IS_BESIDE_THE_POINT(row))
    .filter((row, i, all) => all.findIndex((other) => keyOf(other) === keyOf(row)) === i)
  return [
    `**${title}** (\`npm run bench -- ${name}\`, ${commit}, Node ${node}):`,
    '',
    `| | ${contenders.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(contenders.length)}`,
    ...figures.map((figure) => {
      const cells = contenders.map((contender) => renderCell(rows, figure, contender))
      return `| ${labelOf(figure, metrics)} | ${cells.join(' | ')} |`
    })
  ].join('\n')
}

function labelOf({ scenario, metric, unit }: Row, metrics: readonly string[]): string {
  return metrics.length === 1 ? `${scenario}, ${unit}` : `${scenario}: ${metric}, ${unit}`
}

function renderCell(rows: readonly Row[], figure: Row, contender: string): string {
  const find = (metric: string): Row | undefined =>
    rows.find(
      (row) => row.scenario === figure.scenario && row.contender === contender && row.metric === metric
    )
  const value = find(figure.metric)
  const success = find('success')?.median ?? 1
  if (value === undefined) return success === 0 ? 'fails' : ''
  const rounded = String(Number(value.median.toPrecision(3)))
  return success < 1 ? `${rounded} (${Math.round(success * 100)} % succeed)` : rounded
}

function metricsOf(results: readonly Row[]): string[] {
  return [...new Set(results.map(({ metric }) => metric))].filter(
    (metric) => metric !== 'success' && !metric.includes(' vs ')
  )
}

function keyOf({ scenario, metric }: Row): string {
  return `${scenario}\n${metric}`
}
