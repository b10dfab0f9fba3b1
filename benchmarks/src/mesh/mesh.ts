import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { bundleCommand } from '../../../scripts/bundle-command.ts'
import type { Benchmark } from '../benchmark.ts'
import { withDeadline } from '../support/deadline.ts'
import { quantile } from '../support/results.ts'
import { Tally } from '../support/tally.ts'
import type { Sample } from '../support/tally.ts'
import { MeshProcess } from './mesh-process.ts'

const processes = 10
const rounds = 10

/** How long a mesh may take before the run counts as incomplete, in milliseconds. */
const deadlineMs = 30_000

interface Round {
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
    const sample = sampleOf(await once(2), await once(count), count)
    tally.record(`${count} processes`, 'hearsay', sample)
    const told = sample?.values.map((value) => value.toPrecision(4)).join(', ') ?? 'INCOMPLETE'
    progress(`round ${i + 1}/${roundCount}: ${told} (ms, ms, MiB, MiB)`)
  }
  return tally.rows()
}

function sampleOf(pair: Round | undefined, all: Round | undefined, count: number): Sample | undefined {
  if (pair === undefined || all === undefined) return undefined
  const memory = quantile(all.residentMiB, 0.5)
  const perConnection = (memory - quantile(pair.residentMiB, 0.5)) / (count - 2)
  return { values: [all.sinceStartMs, all.cpuMs, memory, perConnection], n: 1 }
}

/** Undefined where not all pairs were connected in time. */
async function once(count: number): Promise<Round | undefined> {
  await using stack = new AsyncDisposableStack()
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const startedAt = performance.now()
  const members = Array.from({ length: count }, (_, i) =>
    stack.use(new MeshProcess(i === 0 ? { listen: address } : { bootstrap: address }))
  )
  const connected = Promise.all(members.map((member) => member.connectedTo(count - 1)))
  const complete = await withDeadline(connected, deadlineMs, 'the mesh').catch(() => undefined)
  const openAt = performance.now()
  if (complete === undefined) return undefined
  const usage = members.map((member) => member.usage())
  return {
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
