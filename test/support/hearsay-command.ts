import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChildProgram } from './processes.ts'

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts')

/** Where test nodes listen: this machine only, a port of the system's choice. */
export const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0']

/** One event that a command prints with `--json`. */
export type PrintedEvent = Readonly<Record<string, unknown>>

/** The `hearsay` command in a process of its own, with nothing of this machine's settings. */
export class HearsayCommand extends ChildProgram {
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd = tmpdir(),
    namespace?: string
  ) {
    super([MAIN, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
      ...(namespace !== undefined && { namespace })
    })
  }

  /** The first event, past or to come, that has these values. */
  async event(values: PrintedEvent): Promise<PrintedEvent> {
    const line = await this.line((text) => {
      const event = parseEvent(text)
      return Object.entries(values).every(([key, value]) => event[key] === value)
    })
    return parseEvent(line)
  }

  /** Waits until the node can be reached, and tells the address that others enter by. */
  async address(): Promise<string> {
    const { addresses } = await this.event({ event: 'ready' })
    assert.ok(Array.isArray(addresses) && typeof addresses[0] === 'string')
    return addresses[0]
  }

  /** Ends it as an operator would, and expects a clean end. */
  async terminate(): Promise<void> {
    this.kill('SIGTERM')
    const { code, stderr } = await this.end()
    assert.equal(code, 0, stderr)
  }
}

function parseEvent(line: string): PrintedEvent {
  return JSON.parse(line) as PrintedEvent
}
