import { readFileSync } from 'node:fs'
import { chat } from './commands/chat.ts'
import { demo } from './commands/demo.ts'
import { dht } from './commands/dht.ts'
import { id } from './commands/id.ts'
import { roomInvite } from './commands/room-invite.ts'
import { roomNew } from './commands/room-new.ts'
import { up } from './commands/up.ts'
import { UsageError } from './errors.ts'
import { errorCodeOf, EXIT, exitCodeOf } from './exit-code.ts'
import { commandHelp, overviewHelp } from './help.ts'
import { resolveOptions } from './options/resolve.ts'
import { SignalListener } from './signals.ts'
import { printable, type Terminal } from './terminal/terminal.ts'
import type { Command } from './command.ts'

const COMMANDS: readonly Command[] = [up, chat, dht, id, roomNew, roomInvite, demo]

/**
 * Runs one command line and sets the exit code of the process: 0 done, 1 failed, 2 the command line makes no sense,
 * 130 interrupted from the keyboard.
 *
 * @param args the arguments after the program's name
 */
export async function main(args: readonly string[]): Promise<void> {
  const { stdin, stdout, stderr, env } = process
  process.exitCode = await run(args, { stdin, stdout, stderr, env })
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  using signals = new SignalListener()
  // A reader that went away (`hearsay up | head -1`) is a reason to stop, not a failure.
  terminal.stdout.on('error', () => {
    signals.stop()
  })
  // Warnings and news that nobody reads are none.
  terminal.stderr.on('error', () => undefined)
  try {
    await dispatch(args, terminal, signals.signal)
    return signals.interrupted ? EXIT.interrupted : EXIT.ok
  } catch (error) {
    if (signals.signal.aborted && isAbort(error)) {
      return signals.interrupted ? EXIT.interrupted : EXIT.ok
    }
    terminal.stderr.write(`${explain(error)}\n`)
    return exitCodeOf(error)
  }
}

async function dispatch(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<void> {
  const [first] = args
  if (first === undefined) {
    throw new UsageError(`no command given; it is one of ${names()}, see hearsay --help`)
  }
  if (first === '--help' || first === '-h' || (first === 'help' && args.length === 1)) {
    terminal.stdout.write(overviewHelp(COMMANDS))
    return
  }
  if (first === '--version') {
    terminal.stdout.write(`${version()}\n`)
    return
  }
  const { command, rest } = first === 'help' ? findCommand(args.slice(1)) : findCommand(args)
  if (first === 'help' || rest.includes('--help') || rest.includes('-h')) {
    terminal.stdout.write(commandHelp(command))
    return
  }
  await command.run({ ...resolveOptions(command.options, rest, terminal.env), terminal, signal })
}

function findCommand(args: readonly string[]): { command: Command; rest: readonly string[] } {
  for (const command of COMMANDS) {
    const words = command.name.split(' ')
    if (words.every((word, index) => args[index] === word)) {
      return { command, rest: args.slice(words.length) }
    }
  }
  throw new UsageError(`${args[0] ?? ''} is no command; it is one of ${names()}, see hearsay --help`)
}

function names(): string {
  return COMMANDS.map(({ name }) => name).join(', ')
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** `hearsay: what; what to do (CODE)`. An error without a code is a fault of ours: then with all that helps to find it. */
function explain(error: unknown): string {
  const code = errorCodeOf(error)
  if (code === undefined) {
    return `hearsay: unexpected ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
  return `hearsay: ${printable(error instanceof Error ? error.message : String(error))} (${code})`
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
