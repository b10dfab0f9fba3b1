import { parseArgs } from 'node:util'
import { UsageError } from '../errors.ts'
import { readConfigFile } from './config-file.ts'
import { MESH_OPTIONS } from './mesh-options.ts'
import {
  configName,
  environmentName,
  type OptionSpec,
  type OptionTable,
  type OptionValues
} from './option.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Raw = string | boolean | readonly string[] | undefined

/** What every command understands. */
export const COMMON_OPTIONS = {
  config: {
    type: 'string',
    placeholder: 'FILE',
    description: 'read options from this JSON file',
    defaultText: 'hearsay.config.json, where there is one'
  },
  help: { type: 'boolean', short: 'h', flagOnly: true, description: 'show this help and exit' }
} as const satisfies OptionTable

export interface ResolvedOptions<Table extends OptionTable> {
  readonly values: OptionValues<Table>
  /** Names of the options that were given on the command line itself. */
  readonly flags: ReadonlySet<string>
}

/**
 * Reads a command's options: flags before environment before config file.
 *
 * @throws {UsageError} an unknown option or a value of the wrong kind, wherever it was given
 */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  env: Environment
): ResolvedOptions<Table> {
  const flags = parseFlags({ ...table, ...COMMON_OPTIONS }, args)
  const config = readConfigFile(stringOf(flags.config) ?? env[environmentName('config')])
  rejectUnknownKeys(table, config)
  const values = Object.entries(table).map(([name, spec]) => [
    name,
    valueOf(name, spec, flags[name], env, config)
  ])
  return {
    values: Object.fromEntries(values) as OptionValues<Table>,
    flags: new Set(Object.keys(flags))
  }
}

function parseFlags(table: OptionTable, args: readonly string[]): Record<string, Raw> {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { type, short }]) => [
      name,
      {
        type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
        multiple: type === 'list',
        ...(short === undefined ? {} : { short })
      }
    ])
  )
  try {
    return {
      ...parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
    } as Record<string, Raw>
  } catch (error) {
    throw parseFailure(error, Object.keys(table))
  }
}

function parseFailure(cause: unknown, names: readonly string[]): UsageError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const option = /^Unknown option '(?<option>[^']*)'/.exec(text)?.groups?.option
  if (option !== undefined) {
    const all = names.map((name) => `--${name}`).join(', ')
    return new UsageError(`unknown option ${option}; the options are ${all}`, 'ERR_UNKNOWN_OPTION', { cause })
  }
  const argument = /^Unexpected argument '(?<argument>[^']*)'/.exec(text)?.groups?.argument
  if (argument !== undefined) {
    const message = `unexpected argument ${argument}; values stand behind an option, see --help`
    return new UsageError(message, 'ERR_USAGE', { cause })
  }
  return new UsageError(`${text.split('\n', 1)[0]?.replace(/[.]$/, '') ?? text}; see --help`, 'ERR_USAGE', {
    cause
  })
}

function valueOf(
  name: string,
  spec: OptionSpec,
  flag: Raw,
  env: Environment,
  config: Readonly<Record<string, unknown>>
): unknown {
  if (flag !== undefined) {
    return convert(`--${name}`, spec, flag)
  }
  if (spec.flagOnly !== true) {
    const variable = environmentName(name)
    const text = env[variable]
    if (text !== undefined && text !== '') {
      return convert(variable, spec, spec.type === 'list' ? text.split(/[\s,]+/).filter(Boolean) : text)
    }
    const key = configName(name)
    if (key in config) {
      return fromConfig(`"${key}" in the config file`, spec, config[key])
    }
  }
  return spec.type === 'boolean' ? false : spec.type === 'list' ? [] : undefined
}

function convert(where: string, spec: OptionSpec, value: Exclude<Raw, undefined>): unknown {
  switch (spec.type) {
    case 'list':
    case 'string':
      return value
    case 'number':
      return toCount(where, spec, value === '' ? undefined : Number(value))
    case 'boolean':
      return typeof value === 'boolean' ? value : toBoolean(where, String(value))
  }
}

function toCount(where: string, { least = 0, most }: OptionSpec, value: unknown): number {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= least
  if (!isCount || (most !== undefined && value > most)) {
    const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
    throw new UsageError(`${where} must be a whole number ${range}`, 'ERR_INVALID_OPTION')
  }
  return value
}

function toBoolean(where: string, text: string): boolean {
  if (!['1', 'true', '0', 'false'].includes(text)) {
    throw new UsageError(`${where} must be true or false (or 1 or 0), not "${text}"`, 'ERR_INVALID_OPTION')
  }
  return text === '1' || text === 'true'
}

function fromConfig(where: string, spec: OptionSpec, value: unknown): unknown {
  switch (spec.type) {
    case 'number':
      return toCount(where, spec, value)
    case 'boolean':
      if (typeof value === 'boolean') {
        return value
      }
      throw new UsageError(`${where} must be true or false`, 'ERR_INVALID_OPTION')
    case 'string':
      if (typeof value === 'string') {
        return value
      }
      throw new UsageError(`${where} must be text`, 'ERR_INVALID_OPTION')
    case 'list':
      if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
        return value
      }
      throw new UsageError(`${where} must be a list of texts`, 'ERR_INVALID_OPTION')
  }
}

/** One file serves every command, so it may hold options that this one has no use for; a misspelling must not pass. */
function rejectUnknownKeys(table: OptionTable, config: Readonly<Record<string, unknown>>): void {
  const specs: [string, OptionSpec][] = [...Object.entries(MESH_OPTIONS), ...Object.entries(table)]
  const known = new Set(
    specs.filter(([, { flagOnly }]) => flagOnly !== true).map(([name]) => configName(name))
  )
  const unknown = Object.keys(config).find((key) => !known.has(key))
  if (unknown !== undefined) {
    throw new UsageError(
      `"${unknown}" in the config file is no option; it may hold ${[...known].join(', ')}`,
      'ERR_UNKNOWN_OPTION'
    )
  }
}

function stringOf(value: Raw): string | undefined {
  return typeof value === 'string' ? value : undefined
}
