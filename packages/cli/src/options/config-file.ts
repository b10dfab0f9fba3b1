import { readFileSync } from 'node:fs'
import { UsageError } from '../errors.ts'

const DEFAULT_FILE = 'hearsay.config.json'

/**
 * The options kept in a file: the one named, or `hearsay.config.json` in the working directory where it exists.
 *
 * @throws {UsageError} the named file is absent, or a file does not hold a JSON object
 */
export function readConfigFile(path: string | undefined): Readonly<Record<string, unknown>> {
  const file = path ?? DEFAULT_FILE
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (path === undefined && isAbsent(error)) {
      return {}
    }
    throw new UsageError(`cannot read the config file ${file}; check --config`, 'ERR_CONFIG_FILE', {
      cause: error
    })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${file} is not JSON; correct it or remove it`, 'ERR_CONFIG_FILE', { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must hold a JSON object of options`, 'ERR_CONFIG_FILE')
  }
  return value as Record<string, unknown>
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
