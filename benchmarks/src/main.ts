import { parseArguments } from './arguments.ts'
import type { Arguments } from './arguments.ts'
import { benchmarks } from './benchmarks.ts'
import { contenders } from './stacks/stack.ts'
import { currentCommit, renderTable, report, writeReport } from './support/results.ts'

const usage = `Usage: npm run bench -- NAME [options]

${Object.entries(benchmarks)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

  --json FILE        also write the rows as JSON
  --contenders A,B   only these of ${contenders.join(', ')}
  --only TEXT        only scenarios whose name contains TEXT
  --rounds N         rounds, instead of the benchmark's own number
  --quick            one small round, to see that it runs; its figures mean nothing
  --help             this text

  Progress goes to stderr. With BENCH_CPU_PROF=DIR in the environment, every process leaves its CPU profile in DIR.
`

async function main(): Promise<number> {
  let given: Arguments | undefined
  try {
    given = parseArguments(process.argv.slice(2), Object.keys(benchmarks))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  if (given === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const { name, json, ...options } = given
  const commit = currentCommit()
  const results = await benchmarks[name].run({
    ...options,
    progress: (line) => process.stderr.write(line + '\n')
  })
  process.stdout.write(renderTable(results) + '\n')
  if (json !== undefined) writeReport(report(name, commit, results), json)
  return 0
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
})
