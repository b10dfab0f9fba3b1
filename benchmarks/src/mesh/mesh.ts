import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { row } from '../support/results.ts'
import type { ResultRow } from '../support/results.ts'
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
export async function mesh(options: {
  quick: boolean
  progress: (line: string) => void
}): Promise<ResultRow[]> {
  execFileSync(process.execPath, ['scripts/bundle-command.ts'], { stdio: 'ignore' })
  const results: Round[] = []
  for (let i = 0; i < (options.quick ? 1 : rounds); i++) {
    const round = await once(options.quick ? 4 : processes)
    results.push(round)
    options.progress(
      `run ${i + 1}: ${round.complete ? 'complete' : 'INCOMPLETE'} after ${round.sinceStartMs.toFixed(0)} ms, ${round.cpuMs} ms of CPU`
    )
  }
  const labels = { scenario: `${options.quick ? 4 : processes} processes`, contender: 'hearsay' }
  const complete = results.filter((round) => round.complete)
  const resident = results.flatMap((round) => round.residentMiB)
  return [
    row(
      { ...labels, metric: 'success', unit: 'ratio' },
      results.map((round) => Number(round.complete)),
      results.length
    ),
    row(
      { ...labels, metric: 'all pairs connected since process start', unit: 'ms' },
      complete.map((round) => round.sinceStartMs),
      complete.length
    ),
    row(
      { ...labels, metric: 'CPU of all processes', unit: 'ms' },
      results.map((round) => round.cpuMs),
      results.length
    ),
    row({ ...labels, metric: 'resident memory a process', unit: 'MiB' }, resident, resident.length)
  ]
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
