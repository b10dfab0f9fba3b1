import type { OptionTable, OptionValues } from './options/option.ts'
import type { Terminal } from './terminal/terminal.ts'

/** What a running command is given. */
export interface CommandContext<Table extends OptionTable> {
  readonly values: OptionValues<Table>
  /** Names of the options that stood on the command line itself. */
  readonly flags: ReadonlySet<string>
  readonly terminal: Terminal
  /** Aborted by SIGINT and SIGTERM, and when nobody reads our output any more. */
  readonly signal: AbortSignal
}

/** One command of `hearsay`. */
export interface Command<Table extends OptionTable = OptionTable> {
  /** One word, or two as in `room new`. */
  readonly name: string
  /** A line for the overview. */
  readonly summary: string
  /** Paragraphs for the command's own help. */
  readonly details: string
  readonly options: Table
  /** Resolves when the command is done; what it throws becomes a message and an exit code. */
  run(context: CommandContext<Table>): Promise<void>
}

/** Keeps the type of the option table while commands of every table fit into one list. */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command {
  return command
}
