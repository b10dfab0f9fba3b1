/**
 * Writes what benchmarks measured into the README, between its two comparison markers, so that no figure there is typed
 * by hand. Usage: `npm run comparison -- FILE…` with files that `npm run bench` wrote.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from './packages.ts'
import { renderComparison } from './render-comparison.ts'
import type { Report } from './render-comparison.ts'

const README = join(ROOT, 'README.md')
const SECTION = /(<!-- comparison: begin -->\n)[\s\S]*(<!-- comparison: end -->)/

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
  'Medians of rounds in which the contenders took turns on one machine, each peer in a process of its own; what is measured, and how, is in [the guide to the benchmarks](docs/guides/benchmarks.md). Run `npm run bench` for figures of your own.',
  renderComparison(reports)
].join('\n\n')
const updated = readme.replace(SECTION, (_, begin: string, end: string) => `${begin}\n${section}\n\n${end}`)
writeFileSync(README, await format(updated, { ...(await resolveConfig(README)), parser: 'markdown' }))
