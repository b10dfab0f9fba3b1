import { startWorker } from '../support/worker.ts'
import type { WorkerProcess } from '../support/worker.ts'
import type { DelayProxy } from './delay-proxy.ts'
import type { MeshMember } from './mesh-member.ts'
import type { Attempt } from '../support/attempts.ts'
import { withDeadline } from '../support/deadline.ts'

/** A line of members: the first dials the last, over one pinned path. */
export interface MeshScenario {
  readonly name: string
  /** Processes in the line, both ends included; each was told only of the one before it. */
  readonly members: number
  readonly paths: string[]
  /** How much longer a proxy makes each link of the overlay, one way, in milliseconds. WebRTC is as fast as ever. */
  readonly hopMs?: number
}

export const meshScenarios: readonly MeshScenario[] = [
  { name: 'direct', members: 2, paths: ['direct'] },
  { name: 'introducer', members: 3, paths: ['introducer'] },
  // A round trip over the overlay, to the introducer and on to the other end and back, takes 200 ms.
  { name: 'introducer, hops of 50 ms', members: 3, paths: ['introducer'], hopMs: 50 },
  { name: 'gossip over 3 hops', members: 4, paths: ['gossip'] }
]

/** Dials that warm up code and caches and are not counted. */
const warmUpDials = 3

/** How long processes may take until they are a line whose ends know each other, in milliseconds. */
const startTimeoutMs = 60_000

/**
 * One round: a new line of processes, `count` dials from its one end to the other. Where the line does not come about,
 * there are no attempts.
 */
export async function meshRound(
  scenario: MeshScenario,
  count: number,
  progress: (line: string) => void
): Promise<Attempt[]> {
  await using stack = new AsyncDisposableStack()
  const failed = (error: unknown): undefined => {
    progress(`${scenario.name}: ${String(error)}`)
  }
  const line = await withDeadline(startLine(scenario, stack), startTimeoutMs, 'the line').catch(failed)
  const attempts: Attempt[] = []
  for (let i = 0; line !== undefined && i < count + warmUpDials; i++) {
    const attempt = await line.dialer.call.dial(line.target, scenario.paths).catch(failed)
    if (i >= warmUpDials) attempts.push(attempt)
  }
  return attempts
}

/** Each process is told of the one before it. Resolves once the first knows the last. */
async function startLine(
  { members, hopMs }: MeshScenario,
  stack: AsyncDisposableStack
): Promise<{ dialer: WorkerProcess<MeshMember>; target: string }> {
  const line: { worker: WorkerProcess<MeshMember>; peerId: string; address: string }[] = []
  const proxy = stack.use(startWorker<DelayProxy>(new URL('./delay-proxy.ts', import.meta.url)))
  for (let i = 0; i < members; i++) {
    const worker = stack.use(startWorker<MeshMember>(new URL('./mesh-member.ts', import.meta.url)))
    const bootstrap = await Promise.all(line.slice(-1).map(({ address }) => lengthen(proxy, address, hopMs)))
    line.push({ worker, ...(await worker.call.join(bootstrap)) })
  }
  const dialer = line[0].worker
  const target = line[line.length - 1].peerId
  await dialer.call.knows(target)
  return { dialer, target }
}

/** The address by which a proxy leads to this one. */
async function lengthen(
  proxy: WorkerProcess<DelayProxy>,
  address: string,
  hopMs: number | undefined
): Promise<string> {
  if (hopMs === undefined) return address
  const [, port = ''] = /\/tcp\/(\d+)/.exec(address) ?? []
  return address.replace(`/tcp/${port}`, `/tcp/${await proxy.call.open(Number(port), hopMs)}`)
}
