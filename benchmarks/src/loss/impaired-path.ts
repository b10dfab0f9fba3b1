import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import type { Pair } from '../peer/pair.ts'
import { takeTurns } from '../peer/take-turns.ts'
import { overSpan } from '../support/span.ts'
import type { Sample } from '../support/tally.ts'
import { startWorker } from '../support/worker.ts'
import type { Remote } from '../support/worker.ts'
import { bulk, lossRounds, messageBytes, seed, shareSentAgain, turnTimeoutMs } from './flow.ts'
import { relayCarrier } from './relay-carrier.ts'
import type { Relay } from './relay.ts'

const warmUpMs = 1_000
const measureMs = 3_000

interface Scenario {
  readonly name: string
  readonly loss: number
  readonly rttMs: number
}

const scenarios = [0, 50].flatMap((rttMs) =>
  [0, 0.01, 0.05].map((loss): Scenario => ({ name: `${loss * 100} % loss, ${rttMs} ms RTT`, loss, rttMs }))
)

/** Goodput through a relay that loses at random, each way, and delays. */
export const impairedPath: Benchmark = async (options) => {
  await using relay = startWorker<Relay>(new URL('./relay.ts', import.meta.url), { name: 'relay' })
  return await takeTurns(
    {
      scenarios: options.quick ? scenarios.slice(-1) : scenarios,
      rounds: options.quick ? 1 : lossRounds,
      turnTimeoutMs,
      metrics: [
        { metric: 'goodput', unit: 'MB/s', isCompared: true },
        { metric: 'sent again', unit: '%' }
      ],
      turn: (pair, scenario) => measure(pair, scenario, relay.call, options.quick)
    },
    options
  )
}

async function measure(
  pair: Pair,
  { loss, rttMs }: Scenario,
  relay: Remote<Relay>,
  quick: boolean
): Promise<Sample> {
  await relay.lay({ loss, delayMs: rttMs / 2 }, seed)
  const { id } = await pair.connect([bulk], relayCarrier(relay, 0))
  await pair.offerer.startSending(id, [bulk.label], messageBytes)
  await setTimeout(quick ? 50 : warmUpMs)
  const { before, after, bytes } = await overSpan({
    read: () => Promise.all([pair.answerer.received(id), relay.carried()]),
    bytesOf: ([received]) => received.bytes,
    milliseconds: quick ? 200 : measureMs,
    quick
  })
  await pair.offerer.stopSending(id)
  await pair.close(id)
  return {
    values: [
      bytes / 1000 / (after[0].atMs - before[0].atMs),
      shareSentAgain(bytes, after[1].payloadBytes - before[1].payloadBytes)
    ],
    n: 1
  }
}
