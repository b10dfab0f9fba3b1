import { readFileSync } from 'node:fs'
import { OptionFileError, UsageError } from '../errors.ts'
import { warn, type Terminal } from '../terminal/terminal.ts'

interface Secret {
  readonly name: string
  readonly value: string | undefined
  readonly file: string | undefined
  /** The value itself stood on the command line. */
  readonly onCommandLine: boolean
}

/** What a command was given, as far as a secret of that name goes. */
interface SecretOptions<Name extends string> {
  readonly values: Readonly<Record<Name | `${Name}-file`, string | undefined>>
  readonly flags: ReadonlySet<string>
  readonly terminal: Terminal
}

/** A command's secret of that name, by its option or by that of its file. Errors as `readSecret()`. */
export function secretOption<Name extends string>(
  name: Name,
  { values, flags, terminal }: SecretOptions<Name>
): string | undefined {
  const [value, file] = [values[name], values[`${name}-file` as const]]
  return readSecret({ name, value, file, onCommandLine: flags.has(name) }, (text) => {
    warn(terminal, text)
  })
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
