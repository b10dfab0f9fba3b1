import type { Writable } from 'node:stream'
import { printable, type Terminal } from './terminal.ts'

/** One thing that happened: a name, and plain values. */
export interface CommandEvent {
  readonly event: string
  readonly [key: string]: unknown
}

/** What a command prints: with `--json` one event a line on standard output, otherwise text for people. */
export class EventOutput {
  readonly #terminal: Terminal
  readonly #json: boolean

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal
    this.#json = json
  }

  /** An event, and the lines that tell a person of it where it is worth reading. */
  emit(event: CommandEvent, ...lines: readonly string[]): void {
    if (this.#json) {
      this.#terminal.stdout.write(`${JSON.stringify(event)}\n`)
    } else {
      writeLines(this.#terminal.stdout, lines)
    }
  }

  /** An event whose lines are no output but news about it: for people they go to standard error. */
  note(event: CommandEvent, ...lines: readonly string[]): void {
    if (this.#json) {
      this.emit(event)
    } else {
      writeLines(this.#terminal.stderr, lines)
    }
  }
}

function writeLines(stream: Writable, lines: readonly string[]): void {
  for (const line of lines) {
    stream.write(`${printable(line)}\n`)
  }
}
