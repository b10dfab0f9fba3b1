import { parseArgs } from 'node:util'
import { connect } from './connect/connect.ts'
import { mesh } from './mesh/mesh.ts'
import { renderTable, report, writeReport } from './support/results.ts'
import type { ResultRow } from './support/results.ts'

/** A benchmark reports progress on stderr and returns its rows. `quick` runs it once, small, to see that it works. */
type Benchmark = (options: { quick: boolean; progress: (line: string) => void }) => Promise<ResultRow[]>

const benchmarks: Record<string, { run: Benchmark; about: string }> = {
  connect: {
    run: connect,
    about: 'from "dial this peer ID" to an open channel, path by path; the bare connection'
  },
  mesh: { run: mesh, about: 'ten processes started at once, until every pair is connected' }
}

const usage = `Usage: npm run bench -- NAME [--json FILE] [--quick]

${Object.entries(benchmarks)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

  --json FILE  also write the rows as JSON
  --quick      one small round, to see that it runs; its figures mean nothing
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const [name] = positionals
  if (positionals.length !== 1 || !(name in benchmarks)) {
    process.stderr.write(usage)
    return 2
  }
  const results = await benchmarks[name].run({
    quick: values.quick === true,
    progress: (line) => process.stderr.write(line + '\n')
  })
  process.stdout.write(renderTable(results) + '\n')
  if (values.json !== undefined) writeReport(report(name, results), values.json)
  return 0
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
})
