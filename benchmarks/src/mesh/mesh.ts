import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { bundleCommand } from '../../../scripts/bundle-command.ts'
import type { Benchmark } from '../benchmark.ts'
import { quantile } from '../support/results.ts'
import { Tally } from '../support/tally.ts'
import { MeshProcess } from './mesh-process.ts'

const processes = 10
const rounds = 10

/** How long a mesh may take before the run counts as incomplete, in milliseconds. */
const deadlineMs = 30_000

interface Round {
  complete: boolean
  /** Since the processes were started: loading the code on so many processes at once is part of it. */
  sinceStartMs: number
  cpuMs: number
  residentMiB: number[]
}

/**
 * Ten standalone nodes, the command as it is published, are started at once and told of the first; the clock stops when
 * all 45 pairs are connected.
 */
export const mesh: Benchmark = async ({ quick, progress, ...options }) => {
  await bundleCommand()
  const count = quick ? 4 : processes
  const roundCount = quick ? 1 : (options.rounds ?? rounds)
  const tally = new Tally([
    { metric: 'all pairs connected since process start', unit: 'ms' },
    { metric: 'CPU of all processes', unit: 'ms' },
    { metric: 'resident memory a process', unit: 'MiB' },
    { metric: 'resident memory a connection', unit: 'MiB' }
  ])
  for (let i = 0; i < roundCount; i++) {
    // What a node needs for itself is seen in a mesh of two.
    const pair = await once(2)
    const { complete, sinceStartMs, cpuMs, residentMiB } = await once(count)
    const memory = quantile(residentMiB, 0.5)
    const perConnection = (memory - quantile(pair.residentMiB, 0.5)) / (count - 2)
    const values = [sinceStartMs, cpuMs, memory, perConnection]
    tally.record(`${count} processes`, 'hearsay', complete ? { values, n: 1 } : undefined)
    progress(
      `run ${i + 1}: ${complete ? 'complete' : 'INCOMPLETE'} after ${sinceStartMs.toFixed(0)} ms, ${cpuMs} ms of CPU`
    )
  }
  return tally.rows()
}

async function once(count: number): Promise<Round> {
  await using stack = new AsyncDisposableStack()
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const startedAt = performance.now()
  const members = Array.from({ length: count }, (_, i) =>
    stack.use(new MeshProcess(i === 0 ? { listen: address } : { bootstrap: address }))
  )
  using deadline = deadlineIn(deadlineMs)
  const complete = await Promise.race([
    Promise.all(members.map((member) => member.connectedTo(count - 1))).then(() => true),
    deadline.passed
  ])
  const openAt = performance.now()
  const usage = members.map((member) => member.usage())
  return {
    complete,
    sinceStartMs: openAt - startedAt,
    cpuMs: usage.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    residentMiB: usage.map(({ residentBytes }) => residentBytes / 2 ** 20)
  }
}

/** A port that nobody listens on now: the others are to be told of the first before it runs. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function deadlineIn(ms: number): Disposable & { passed: Promise<false> } {
  const { promise, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => {
    resolve(false)
  }, ms)
  return {
    passed: promise,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
    }
  }
}
