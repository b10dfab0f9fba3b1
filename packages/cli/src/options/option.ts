/** One option of a command. It is written `--name` on the command line. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string' | 'number' | 'list'
  readonly description: string
  /** What stands for the value in the help, such as `FILE`. */
  readonly placeholder?: string
  readonly short?: string
  /** Not read from the environment or the config file. */
  readonly flagOnly?: boolean
  /** Of a number. @default 0 */
  readonly least?: number
  /** Of a number. @default any */
  readonly most?: number
  /** Shown in the help; the command itself applies it. */
  readonly defaultText?: string
}

export type OptionTable = Readonly<Record<string, OptionSpec>>

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean
  : Spec['type'] extends 'list'
    ? readonly string[]
    : Spec['type'] extends 'number'
      ? number | undefined
      : string | undefined

/** The values of a command's options. An absent boolean is `false`, an absent list is empty. */
export type OptionValues<Table extends OptionTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> }

/** The most seconds that an option takes: timers, which count milliseconds in 31 bits, go on for no longer. */
export const MOST_SECONDS = 2_000_000

/** `max-connections` is `HEARSAY_MAX_CONNECTIONS` in the environment. */
export function environmentName(option: string): string {
  return `HEARSAY_${option.replaceAll('-', '_').toUpperCase()}`
}

/** `max-connections` is `maxConnections` in the config file, as in the library's options. */
export function configName(option: string): string {
  return option.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
