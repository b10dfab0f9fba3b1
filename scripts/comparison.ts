/**
 * Writes what benchmarks measured into the README, between its two comparison markers, so that no figure there is typed
 * by hand. Usage: `npm run comparison -- FILE…` with files that `npm run bench` wrote.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from './packages.ts'

/** The form of every benchmark's file. */
interface Report {
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

const README = join(ROOT, 'README.md')
const SECTION = /(<!-- comparison: begin -->\n)[\s\S]*(<!-- comparison: end -->)/

function renderReport({ name, commit, node, results }: Report): string {
  const columns = [...new Set(results.map(columnOf))]
  const lines = new Map<string, Map<string, string>>()
  for (const row of results) {
    const key = `${row.scenario} | ${row.contender}`
    const cells = lines.get(key) ?? new Map<string, string>()
    lines.set(key, cells.set(columnOf(row), String(Number(row.median.toPrecision(3)))))
  }
  return [
    `\`${name}\`, at ${commit} on Node ${node}:`,
    '',
    `| scenario | contender | ${columns.join(' | ')} |`,
    `| --- | --- |${' ---: |'.repeat(columns.length)}`,
    ...[...lines].map(
      ([key, cells]) => `| ${key} | ${columns.map((column) => cells.get(column) ?? '').join(' | ')} |`
    )
  ].join('\n')
}

function columnOf({ metric, unit }: Row): string {
  return unit === '' ? metric : `${metric}, ${unit}`
}

const files = process.argv.slice(2)
if (files.length === 0) {
  throw new Error('name the files that npm run bench has written')
}
const reports = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report)
const readme = readFileSync(README, 'utf8')
if (!SECTION.test(readme)) {
  throw new Error('README.md has lost its comparison markers')
}
const section = [
  'Medians of rounds in which the contenders took turns on one machine; run `npm run bench` for your own.',
  ...reports.map(renderReport)
].join('\n\n')
const updated = readme.replace(SECTION, (_, begin: string, end: string) => `${begin}\n${section}\n\n${end}`)
writeFileSync(README, await format(updated, { ...(await resolveConfig(README)), parser: 'markdown' }))
