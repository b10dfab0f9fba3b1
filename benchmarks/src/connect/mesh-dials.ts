import { startWorker } from '../support/worker.ts'
import type { WorkerProcess } from '../support/worker.ts'
import type { MeshMember } from '../support/mesh-member.ts'
import type { Attempt } from '../support/attempts.ts'

/** A line of members: the first dials the last, over one pinned path. */
export interface MeshScenario {
  readonly name: string
  /** Processes in the line, both ends included; each was told only of the one before it. */
  readonly members: number
  readonly paths: string[]
}

export const meshScenarios: readonly MeshScenario[] = [
  { name: 'direct', members: 2, paths: ['direct'] },
  { name: 'gossip over 3 hops', members: 4, paths: ['gossip'] }
]

/** Dials that warm up code and caches and are not counted. */
const warmUpDials = 3

/** One round: a new line of processes, `count` dials from its one end to the other. */
export async function meshRound(scenario: MeshScenario, count: number): Promise<Attempt[]> {
  await using stack = new AsyncDisposableStack()
  const line: { worker: WorkerProcess<MeshMember>; peerId: string; address: string }[] = []
  for (let i = 0; i < scenario.members; i++) {
    const worker = stack.use(startWorker<MeshMember>(new URL('../support/mesh-member.ts', import.meta.url)))
    const bootstrap = line.slice(-1).map(({ address }) => address)
    line.push({ worker, ...(await worker.call.join({ bootstrap, autoConnect: false })) })
  }
  const [dialer] = line
  const target = line[line.length - 1]
  await dialer.worker.call.knows(target.peerId)
  const attempts: Attempt[] = []
  for (let i = 0; i < count + warmUpDials; i++) {
    const attempt = await dialer.worker.call.dial(target.peerId, scenario.paths).catch((error: unknown) => {
      process.stderr.write(`${scenario.name}: ${String(error)}\n`)
      return undefined
    })
    if (i >= warmUpDials) attempts.push(attempt)
  }
  await Promise.all(line.map(({ worker }) => worker.call.leave()))
  return attempts
}
