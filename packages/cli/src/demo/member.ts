import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { isRecord, numberOf, textOf } from './json.ts'

/** How a connection came about, as one of its two ends reported it. */
export interface Connection {
  /** Path that carried the offer. */
  readonly path: string
  /** This end made the offer. */
  readonly offerer: boolean
  /** From the dial to the open, verified connection, in milliseconds. */
  readonly openedMs: number
  readonly localCandidate: string
  readonly remoteCandidate: string
}

/** How long a member may take to close when asked to, in milliseconds; then it is killed. */
const CLOSE_TIMEOUT_MS = 10_000

/** The end of standard error that is kept for the report, in characters. */
const KEPT_STDERR = 4_000

/**
 * One process of the demo: `hearsay chat --json`, the very command that a person would run. It is written to through
 * its standard input and watched through its standard output. When this process dies, its input ends and so does it.
 */
export class Member {
  readonly number: number
  /** By peer ID of the other end; only those that are open now. */
  readonly connections = new Map<string, Connection>()
  /** `peer ID` + ` ` + `text` of every line that came. */
  readonly received = new Set<string>()
  /** Likewise, of every line of ours that its receiver has confirmed. */
  readonly delivered = new Set<string>()
  peerId: string | undefined
  address: string | undefined
  life: 'running' | 'killed' | 'closing' | 'closed' | 'failed' = 'running'

  readonly #child: ChildProcess
  readonly #changed: () => void
  readonly #ended: Promise<void>
  #stderr = ''

  /** @param changed is called whenever something above has changed */
  constructor(number: number, room: string, bootstrap: string | undefined, changed: () => void) {
    this.number = number
    this.#changed = changed
    const script = process.argv[1] ?? ''
    // One neighbour is enough for each: the overlay stays the line that we lay, instead of growing shortcuts.
    const args = [
      'chat',
      '--json',
      '--room',
      room,
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--overlay-degree',
      '1'
    ]
    this.#child = spawn(
      process.execPath,
      [...process.execArgv, script, ...args, ...(bootstrap === undefined ? [] : ['--bootstrap', bootstrap])],
      // Elsewhere, and without HEARSAY_…: neither a config file nor the environment of the user may bend the demo.
      // Detached: Ctrl-C is for this process, which then ends the others.
      { cwd: tmpdir(), env: plainEnvironment(), stdio: ['pipe', 'pipe', 'pipe'], detached: true }
    )
    this.#child.stdin?.on('error', () => undefined)
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR)
    })
    if (this.#child.stdout !== null) {
      createInterface(this.#child.stdout).on('line', (line) => {
        this.#take(line)
      })
    }
    this.#ended = this.#watch()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What it said on standard error last. */
  get complaint(): string {
    return this.#stderr.trim()
  }

  /** Says a line to everybody it is connected to. */
  say(text: string): void {
    this.#child.stdin?.write(`${text}\n`)
  }

  /** No farewell: the process is gone in the middle of what it did. */
  async kill(): Promise<void> {
    if (this.life === 'running') {
      this.life = 'killed'
    }
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Asks it to close. Resolves with whether it did so by itself, in time and without a failure. */
  async close(): Promise<boolean> {
    this.life = 'closing'
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_TIMEOUT_MS)
    try {
      await this.#ended
    } finally {
      clearTimeout(timer)
    }
    return this.#child.exitCode === 0
  }

  async #watch(): Promise<void> {
    try {
      await once(this.#child, 'close')
    } catch (error) {
      this.#stderr += String(error)
    }
    if (this.life === 'running') {
      this.life = 'failed'
    } else if (this.life === 'closing') {
      this.life = 'closed'
    }
    this.#changed()
  }

  #take(line: string): void {
    let event: unknown
    try {
      event = JSON.parse(line)
    } catch {
      event = undefined
    }
    if (!isRecord(event)) {
      this.#stderr += `not an event: ${line}\n`
      return
    }
    switch (event.event) {
      case 'ready':
        this.peerId = textOf(event.peer)
        this.address = Array.isArray(event.addresses) ? textOf(event.addresses[0]) : undefined
        break
      case 'connected':
        this.connections.set(textOf(event.peer), {
          path: textOf(event.path),
          offerer: event.role === 'offerer',
          openedMs: numberOf(event.ms),
          localCandidate: textOf(event.localCandidate),
          remoteCandidate: textOf(event.remoteCandidate)
        })
        break
      case 'disconnected':
        this.connections.delete(textOf(event.peer))
        break
      case 'message':
        this.received.add(`${textOf(event.from)} ${textOf(event.text)}`)
        break
      case 'delivered':
        this.delivered.add(`${textOf(event.to)} ${textOf(event.text)}`)
        break
      default:
        return
    }
    this.#changed()
  }
}

function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEARSAY_')))
}
