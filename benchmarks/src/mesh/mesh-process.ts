import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { usageOf } from '../support/usage.ts'
import type { Usage } from '../support/usage.ts'

const command = fileURLToPath(new URL('../../../packages/hearsay/bin/hearsay.js', import.meta.url))

/** How long a node may take to close when asked to, in milliseconds; then it is killed. */
const exitTimeoutMs = 5_000

/** One `hearsay up --json` on loopback. */
export class MeshProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #connected = new Set<string>()
  #changed = Promise.withResolvers<undefined>()

  constructor(options: { listen?: string; bootstrap?: string }) {
    const { listen = '/ip4/127.0.0.1/tcp/0', bootstrap } = options
    const args = ['up', '--json', '--room', 'benchmark', '--listen', listen, '--overlay-degree', '1']
    if (bootstrap !== undefined) args.push('--bootstrap', bootstrap)
    this.#child = spawn(process.execPath, [command, ...args], {
      // Elsewhere: no configuration of whoever runs the benchmark may bend it.
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'inherit']
    })
    if (this.#child.stdout !== null) {
      createInterface(this.#child.stdout).on('line', (line) => {
        this.#take(JSON.parse(line) as { event: string; peer: string })
      })
    }
  }

  /** Resolves once it is connected to this many peers at a time. */
  async connectedTo(count: number): Promise<void> {
    while (this.#connected.size < count) await this.#changed.promise
  }

  usage(): Usage {
    return usageOf(this.#child.pid ?? 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), exitTimeoutMs)
    await exited
    clearTimeout(timer)
  }

  #take({ event, peer }: { event: string; peer: string }): void {
    if (event === 'connected') this.#connected.add(peer)
    else if (event === 'disconnected') this.#connected.delete(peer)
    else return
    this.#changed.resolve(undefined)
    this.#changed = Promise.withResolvers()
  }
}
