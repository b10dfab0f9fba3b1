import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Inputs that failed once: `npm run fuzz` saves them here, and every `npm test` feeds them again. */
const DIRECTORY = join(import.meta.dirname, 'failures')

/** @returns the file that the input is saved in */
export function saveFailure(target: string, input: Uint8Array): string {
  const directory = join(DIRECTORY, ...target.split('/'))
  mkdirSync(directory, { recursive: true })
  const name = createHash('sha256').update(input).digest('hex').slice(0, 16)
  const file = join(directory, `${name}.bin`)
  writeFileSync(file, input)
  return file
}

/** Inputs at which a target has failed, by the name of their file. */
export function savedFailures(target: string): ReadonlyMap<string, Uint8Array> {
  const directory = join(DIRECTORY, ...target.split('/'))
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.bin')) : []
  return new Map(names.map((name) => [name, Uint8Array.from(readFileSync(join(directory, name)))]))
}
