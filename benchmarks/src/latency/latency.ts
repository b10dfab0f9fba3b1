import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import type { Pair } from '../peer/pair.ts'
import { echoPrefix } from '../peer/peer.ts'
import { takeTurns } from '../peer/take-turns.ts'
import { quantile } from '../support/results.ts'
import type { Sample } from '../support/tally.ts'

const rounds = 5

/** Before anything is counted, in milliseconds. */
const warmUpMs = 500

/** Counted, in milliseconds. */
const measureMs = 2_000

/** A turn's own time, in milliseconds. */
const turnTimeoutMs = 20_000

/** What the busy channel carries. */
const busyMessageBytes = 1 << 16

interface Scenario {
  readonly name: string
  readonly isBusy: boolean
}

const scenarios: readonly Scenario[] = [
  { name: 'idle', isBusy: false },
  { name: 'high priority beside a saturated low one', isBusy: true }
]

const echo = `${echoPrefix} high`

/** Round-trip times of small messages, one at a time: alone, and beside a channel that sends all it can. */
export const latency: Benchmark = (options) =>
  takeTurns(
    {
      scenarios,
      rounds: options.quick ? 1 : rounds,
      turnTimeoutMs,
      metrics: [
        { metric: 'RTT p50', unit: 'ms', isCompared: true },
        { metric: 'RTT p95', unit: 'ms', isCompared: true }
      ],
      turn: (pair, scenario) => measure(pair, scenario, options.quick)
    },
    options
  )

async function measure(pair: Pair, { isBusy }: Scenario, quick: boolean): Promise<Sample> {
  const { id } = await pair.connect([
    { label: 'bulk', priority: 'low' },
    { label: echo, priority: 'high' }
  ])
  if (isBusy) {
    await pair.offerer.startSending(id, ['bulk'], busyMessageBytes)
    await setTimeout(quick ? 50 : warmUpMs)
  }
  await pair.offerer.ping(id, echo, quick ? 50 : warmUpMs)
  const times = await pair.offerer.ping(id, echo, quick ? 100 : measureMs)
  if (isBusy) {
    await pair.offerer.stopSending(id)
    await pair.offerer.drained(id)
  }
  await pair.close(id)
  return { values: [quantile(times, 0.5), quantile(times, 0.95)], n: times.length }
}
