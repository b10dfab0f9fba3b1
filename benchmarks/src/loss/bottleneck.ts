import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import type { Pair } from '../peer/pair.ts'
import { takeTurns } from '../peer/take-turns.ts'
import { overSpan } from '../support/span.ts'
import type { Sample } from '../support/tally.ts'
import { startWorker } from '../support/worker.ts'
import type { Remote } from '../support/worker.ts'
import { bulk, lossRounds, messageBytes, narrow, seed, shareSentAgain, turnTimeoutMs } from './flow.ts'
import { relayCarrier } from './relay-carrier.ts'
import type { Relay } from './relay.ts'

/** Until a flow has found its rate, in milliseconds; a second one starts after that and is given the same again. */
const warmUpMs = 2_000
const measureMs = 6_000

const sentAgain = { metric: 'sent again', unit: '%' } as const
const utilization = { metric: 'utilization', unit: '%', isCompared: true } as const

/** One flow alone in a bottleneck. */
export const bottleneck: Benchmark = (options) =>
  run('5 MB/s bottleneck, alone', [utilization, sentAgain], 1, options)

/** Two flows of the same stack in one bottleneck. */
export const sharedBottleneck: Benchmark = (options) =>
  run(
    '5 MB/s bottleneck, two flows',
    [utilization, sentAgain, { metric: 'share of the smaller', unit: '%', isCompared: true }],
    2,
    options
  )

async function run(
  name: string,
  metrics: Parameters<typeof takeTurns>[0]['metrics'],
  flows: number,
  options: Parameters<Benchmark>[0]
): ReturnType<Benchmark> {
  await using relay = startWorker<Relay>(new URL('./relay.ts', import.meta.url), { name: 'relay' })
  return await takeTurns(
    {
      scenarios: [{ name }],
      rounds: options.quick ? 1 : lossRounds,
      turnTimeoutMs,
      metrics,
      turn: (pair) => measure(pair, relay.call, flows, options.quick)
    },
    options
  )
}

async function measure(pair: Pair, relay: Remote<Relay>, flows: number, quick: boolean): Promise<Sample> {
  await relay.lay(narrow, seed)
  const ids: number[] = []
  for (let flow = 0; flow < flows; flow++) {
    const { id } = await pair.connect([bulk], relayCarrier(relay, flow))
    await pair.offerer.startSending(id, [bulk.label], messageBytes)
    await setTimeout(quick ? 50 : warmUpMs)
    ids.push(id)
  }
  const received = (): Promise<number[]> =>
    Promise.all(ids.map(async (id) => (await pair.answerer.received(id)).bytes))
  const {
    before,
    after,
    bytes: sum
  } = await overSpan({
    read: () => Promise.all([received(), relay.carried()]),
    bytesOf: ([bytes]) => bytes.reduce((total, value) => total + value, 0),
    milliseconds: quick ? 200 : measureMs,
    quick
  })
  for (const id of ids) {
    await pair.offerer.stopSending(id)
    await pair.close(id)
  }
  const bytes = after[0].map((value, flow) => value - before[0][flow])
  const seconds = (after[1].atMs - before[1].atMs) / 1000
  const delivered = after[1].deliveredBytes - before[1].deliveredBytes
  return {
    values: [
      (delivered / seconds / narrow.bytesPerSecond) * 100,
      shareSentAgain(sum, after[1].payloadBytes - before[1].payloadBytes),
      ...(flows > 1 ? [(Math.min(...bytes) / sum) * 100] : [])
    ],
    n: 1
  }
}
