import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** How a child process ended. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** The network namespace that the program runs in. @default ours */
  readonly namespace?: string
  /** The longest that the program may run, in milliseconds. @default 120_000 */
  readonly lifetimeMs?: number
}

/** Longest time that a child of a test may live, in milliseconds: a test that timed out never disposes of its own. */
const LIFETIME_MS = 120_000

/** Those that run now. None outlives a broken run. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * A Node program in a process of its own, in the checkout's own Node and with its sources resolved as in
 * development. It is killed when `Symbol.asyncDispose` runs, if it has not ended before.
 */
export class ChildProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<ProcessEnd>
  readonly #lines: string[] = []
  readonly #wakers = new Set<() => void>()
  #stdout = ''
  #stderr = ''

  constructor(
    args: readonly string[],
    { namespace, lifetimeMs = LIFETIME_MS, ...options }: ChildOptions = {}
  ) {
    const [program, ...words] = [
      ...(namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]),
      process.execPath,
      '--conditions=@hearsay/source',
      ...args
    ] as const
    this.#child = spawn(program, words, {
      ...options,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: lifetimeMs,
      killSignal: 'SIGKILL'
    })
    running.add(this.#child)
    // Writing to a program that has ended is no failure of the test by itself.
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#lines.push(line)
      this.#wake()
    })
    this.#ended = this.#watch()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Every line of standard output so far. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** The first line of standard output, past or to come, that `accept` takes. Fails when the program ends first. */
  async line(accept: (line: string) => boolean = () => true): Promise<string> {
    for (let seen = 0; ;) {
      while (seen < this.#lines.length) {
        const line = this.#lines[seen++]
        if (accept(line)) {
          return line
        }
      }
      const ended = await Promise.race([this.#ended, this.#woken()])
      if (ended !== undefined && seen === this.#lines.length) {
        throw new Error(`the program ended (${describe(ended)}) without the awaited line\n${ended.stderr}`)
      }
    }
  }

  /** All of standard error, as soon as `accept` takes it. Fails when the program ends first. */
  async errorText(accept: (text: string) => boolean): Promise<string> {
    while (!accept(this.#stderr)) {
      const ended = await Promise.race([this.#ended, this.#woken()])
      if (ended !== undefined && !accept(this.#stderr)) {
        throw new Error(`the program ended (${describe(ended)}) without the awaited text\n${ended.stderr}`)
      }
    }
    return this.#stderr
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  /** Reads no further, as a program at the end of a pipe that has ended. */
  closeOutput(): void {
    this.#child.stdout.destroy()
  }

  /** Reads nothing of what it says on standard error. */
  closeErrors(): void {
    this.#child.stderr.destroy()
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Resolves when the program has ended and all that it printed was read. */
  async end(): Promise<ProcessEnd> {
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #watch(): Promise<ProcessEnd> {
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null]
    running.delete(this.#child)
    this.#wake()
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr }
  }

  async #woken(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#wakers.add(() => {
        resolve(undefined)
      })
    })
  }

  #wake(): void {
    for (const waker of this.#wakers) {
      waker()
    }
    this.#wakers.clear()
  }
}

function describe({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${String(code)}` : signal
}
