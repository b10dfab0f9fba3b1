import { row } from '../support/results.ts'
import type { ResultRow } from '../support/results.ts'
import { startWorker } from '../support/worker.ts'
import type { WorkerProcess } from '../support/worker.ts'
import type { MeshMember } from '../support/mesh-member.ts'

const processes = 10
const rounds = 10

/** How long a mesh may take before the run counts as incomplete, in milliseconds. */
const deadlineMs = 30_000

interface Round {
  complete: boolean
  /** Since the processes were started: loading the code on so many processes at once is part of it. */
  sinceStartMs: number
  /** Since they were told to join, with the code loaded. */
  sinceJoinMs: number
  cpuMs: number
  residentMiB: number[]
}

/** Ten processes are started at once and told of the first; the clock stops when all 45 pairs are connected. */
export async function mesh(options: {
  quick: boolean
  progress: (line: string) => void
}): Promise<ResultRow[]> {
  const results: Round[] = []
  for (let i = 0; i < (options.quick ? 1 : rounds); i++) {
    const round = await once(options.quick ? 4 : processes)
    results.push(round)
    options.progress(
      `run ${i + 1}: ${round.complete ? 'complete' : 'INCOMPLETE'} after ${round.sinceStartMs.toFixed(0)} ms, ${round.sinceJoinMs.toFixed(0)} ms of it joined`
    )
  }
  const labels = { scenario: `${processes} processes`, contender: 'hearsay' }
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
      { ...labels, metric: 'all pairs connected since join', unit: 'ms' },
      complete.map((round) => round.sinceJoinMs),
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
  const startedAt = performance.now()
  const member = (): WorkerProcess<MeshMember> =>
    stack.use(startWorker<MeshMember>(new URL('../support/mesh-member.ts', import.meta.url)))
  const members = Array.from({ length: count }, member)
  const before = await Promise.all(members.map(({ call }) => call.usage()))
  const joinedAt = performance.now()
  // The first is in the room before the others enter it: somebody has to be there to be told of.
  const first = await members[0].call.join({ bootstrap: [], autoConnect: true })
  await Promise.all(
    members.slice(1).map(({ call }) => call.join({ bootstrap: [first.address], autoConnect: true }))
  )
  const timer = Promise.withResolvers<boolean>()
  const timeout = setTimeout(() => timer.resolve(false), deadlineMs)
  const complete = await Promise.race([
    Promise.all(members.map(({ call }) => call.connectedTo(count - 1))).then(() => true),
    timer.promise
  ])
  clearTimeout(timeout)
  const openAt = performance.now()
  const after = await Promise.all(members.map(({ call }) => call.usage()))
  return {
    complete,
    sinceStartMs: openAt - startedAt,
    sinceJoinMs: openAt - joinedAt,
    cpuMs: after.reduce((sum, { cpuMs }, i) => sum + cpuMs - before[i].cpuMs, 0),
    residentMiB: after.map(({ residentBytes }) => residentBytes / 2 ** 20)
  }
}
