import { readFileSync } from 'node:fs'
import { OptionFileError, UsageError } from '../errors.ts'

interface Secret {
  readonly name: string
  readonly value: string | undefined
  readonly file: string | undefined
  /** The value itself stood on the command line. */
  readonly onCommandLine: boolean
}

/**
 * A secret that was given as such or in a file.
 *
 * @param warn is told when the command line shows the secret to every user of the machine
 * @throws {UsageError} both were given
 * @throws {OptionFileError} the file cannot be read or its first line is empty
 */
export function readSecret(
  { name, value, file, onCommandLine }: Secret,
  warn: (text: string) => void
): string | undefined {
  if (value !== undefined && file !== undefined) {
    throw new UsageError(`--${name} and --${name}-file exclude each other; give one`)
  }
  if (file !== undefined) {
    return firstLine(`--${name}-file`, file)
  }
  if (onCommandLine) {
    warn(
      `other users of this machine can read --${name} on the command line; ` +
        `use --${name}-file or HEARSAY_${name.replaceAll('-', '_').toUpperCase()}`
    )
  }
  return value
}

function firstLine(option: string, path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new OptionFileError(option, path, 'which cannot be read', error)
  }
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '') {
    throw new OptionFileError(option, path, 'whose first line is empty')
  }
  return line
}
