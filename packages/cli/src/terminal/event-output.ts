import { once } from 'node:events'
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
  #draining: Promise<void> | undefined

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

  /**
   * Resolves when the reader of standard output has room for more, or is gone. Who writes what others say waits for it:
   * what is not read is held in memory.
   */
  async drained(): Promise<void> {
    if (!this.#terminal.stdout.writableNeedDrain) {
      return
    }
    this.#draining ??= this.#drain()
    await this.#draining
  }

  /** An event whose lines are no output but news about it: for people they go to standard error. */
  note(event: CommandEvent, ...lines: readonly string[]): void {
    if (this.#json) {
      this.emit(event)
    } else {
      writeLines(this.#terminal.stderr, lines)
    }
  }

  async #drain(): Promise<void> {
    try {
      await once(this.#terminal.stdout, 'drain')
    } catch {
      // That nobody reads ends the whole command.
    } finally {
      this.#draining = undefined
    }
  }
}

function writeLines(stream: Writable, lines: readonly string[]): void {
  for (const line of lines) {
    stream.write(`${printable(line)}\n`)
  }
}
