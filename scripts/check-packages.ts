/**
 * Asks of every built package whether others can use it: publint and attw over what `npm pack` would publish, its
 * entry imports in this Node, and the command starts from its bin. Run `npm run build` first.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listPackages, ROOT, type WorkspacePackage } from './packages.ts'

const BIN = join(ROOT, 'node_modules/.bin')

/** The kinds of resolution that an ESM-only package answers. */
const ATTW = ['--pack', '--profile', 'esm-only', '--format', 'ascii', '--quiet', '.']

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], timeout: 120_000 })
}

function check({ name, folder }: WorkspacePackage): void {
  if (!existsSync(join(folder, 'dist/index.js'))) {
    throw new Error(`${name} has no dist: run npm run build`)
  }
  run(join(BIN, 'publint'), ['--strict', '.'], folder)
  run(join(BIN, 'attw'), ATTW, folder)
  run(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(name)})`], ROOT)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin?: Record<string, string>
  }
  for (const file of Object.values(bin ?? {})) {
    run(process.execPath, [join(folder, file), '--version'], folder)
  }
}

const failed: string[] = []
for (const entry of listPackages().filter(({ published }) => published)) {
  try {
    check(entry)
    console.log(`${entry.name} can be published`)
  } catch (error) {
    failed.push(entry.name)
    console.error(`${entry.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
if (failed.length > 0) {
  console.error(`not fit to be published: ${failed.join(', ')}`)
  process.exitCode = 1
}
