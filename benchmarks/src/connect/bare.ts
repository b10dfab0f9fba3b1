import { setTimeout } from 'node:timers/promises'
import { startWorker } from '../support/worker.ts'
import type { BareContender, BarePeer } from './bare-peer.ts'
import type { Attempt } from './attempt.ts'

const contenders: readonly BareContender[] = ['hearsay', 'werift']

/** How long one connection may take before it counts as failed, in milliseconds. */
const attemptTimeoutMs = 15_000

/** One round: every contender opens `count` connections, in turn, between the same two processes. */
export async function bareRound(count: number): Promise<Map<BareContender, Attempt[]>> {
  await using offerer = startWorker<BarePeer>(new URL('./bare-peer.ts', import.meta.url))
  await using answerer = startWorker<BarePeer>(new URL('./bare-peer.ts', import.meta.url))
  const attempts = new Map<BareContender, Attempt[]>(contenders.map((contender) => [contender, []]))
  for (const contender of contenders) await attempt(contender)
  for (let i = 0; i < count; i++) {
    for (const contender of contenders) attempts.get(contender)?.push(await attempt(contender))
  }
  return attempts

  async function attempt(contender: BareContender): Promise<Attempt> {
    const timeout = setTimeout(attemptTimeoutMs, undefined, { ref: false })
    const offer = await offerer.call.offer(contender)
    const answer = await answerer.call.answer(contender, offer)
    const milliseconds = await Promise.race([offerer.call.finish(answer), timeout])
    await Promise.all([offerer.call.close(), answerer.call.close()])
    return milliseconds
  }
}
