import { startWorker } from '../support/worker.ts'
import type { WorkerProcess } from '../support/worker.ts'
import type { DelayProxy } from '../support/delay-proxy.ts'
import type { MeshMember } from '../support/mesh-member.ts'
import type { Attempt } from '../support/attempts.ts'

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

/** One round: a new line of processes, `count` dials from its one end to the other. */
export async function meshRound(scenario: MeshScenario, count: number): Promise<Attempt[]> {
  await using stack = new AsyncDisposableStack()
  const line: { worker: WorkerProcess<MeshMember>; peerId: string; address: string }[] = []
  const proxy = stack.use(startWorker<DelayProxy>(new URL('../support/delay-proxy.ts', import.meta.url)))
  for (let i = 0; i < scenario.members; i++) {
    const worker = stack.use(startWorker<MeshMember>(new URL('../support/mesh-member.ts', import.meta.url)))
    const bootstrap = await Promise.all(
      line.slice(-1).map(({ address }) => lengthen(proxy, address, scenario.hopMs))
    )
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
