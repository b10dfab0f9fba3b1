import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import type { Pair } from '../peer/pair.ts'
import type { ChannelPlan, Received } from '../peer/peer.ts'
import { takeTurns } from '../peer/take-turns.ts'
import { overSpan } from '../support/span.ts'
import type { Sample } from '../support/tally.ts'
import type { OwnUsage } from '../support/usage.ts'

const rounds = 5

/** Before anything is counted, in milliseconds: congestion windows open, code is compiled. */
const warmUpMs = 700

/** Counted, in milliseconds. */
const measureMs = 1_800

/** A turn's own time, opening and emptying buffers included, in milliseconds. */
const turnTimeoutMs = 20_000

const sizes: readonly [name: string, bytes: number][] = [
  ['64 B', 64],
  ['1 KiB', 1 << 10],
  ['16 KiB', 1 << 14],
  ['64 KiB', 1 << 16],
  ['256 KiB', 1 << 18]
]

const priorities: readonly RTCPriorityType[] = ['very-low', 'low', 'medium', 'high']

const oneChannel: readonly ChannelPlan[] = [{ label: 'bulk', priority: 'low' }]
const fourChannels = priorities.map((priority) => ({ label: priority, priority }))

interface Scenario {
  readonly name: string
  readonly messageBytes: number
  readonly channels: readonly ChannelPlan[]
}

const scenarios = [
  { suffix: '', channels: oneChannel },
  { suffix: ', four priorities', channels: fourChannels }
].flatMap(({ suffix, channels }) =>
  sizes.map(([name, messageBytes]): Scenario => ({ name: `${name}${suffix}`, messageBytes, channels }))
)

/** Bytes a second that reach the receiving application, and the CPU time that a megabyte costs either process. */
export const throughput: Benchmark = (options) =>
  takeTurns(
    {
      scenarios: options.quick ? scenarios.filter(({ messageBytes }) => messageBytes === 1 << 16) : scenarios,
      rounds: options.quick ? 1 : rounds,
      turnTimeoutMs,
      metrics: [
        { metric: 'throughput', unit: 'MB/s', isCompared: true },
        { metric: 'sender CPU', unit: 'ms/MB', isCompared: true },
        { metric: 'receiver CPU', unit: 'ms/MB', isCompared: true },
        { metric: 'main threads waited for a CPU', unit: '% of the time' }
      ],
      turn: (pair, scenario) => measure(pair, scenario, options.quick)
    },
    options
  )

async function measure(pair: Pair, scenario: Scenario, quick: boolean): Promise<Sample> {
  const { channels, messageBytes } = scenario
  const { id } = await pair.connect(channels)
  const labels = channels.map(({ label }) => label)
  await pair.offerer.startSending(id, labels, messageBytes)
  await setTimeout(quick ? 50 : warmUpMs)
  const { before, after, bytes } = await overSpan({
    read,
    bytesOf: ({ received }) => received.bytes,
    milliseconds: quick ? 100 : measureMs,
    quick
  })
  await pair.offerer.stopSending(id)
  await pair.offerer.drained(id)
  await pair.close(id)
  const megabytes = bytes / 1e6
  const seconds = (after.received.atMs - before.received.atMs) / 1000
  const waitedMs = Math.max(
    after.sender.waitedMs - before.sender.waitedMs,
    after.receiver.waitedMs - before.receiver.waitedMs
  )
  return {
    values: [
      megabytes / seconds,
      (after.sender.cpuMs - before.sender.cpuMs) / megabytes,
      (after.receiver.cpuMs - before.receiver.cpuMs) / megabytes,
      (waitedMs / (seconds * 1000)) * 100
    ],
    n: 1
  }

  async function read(): Promise<{ received: Received; sender: OwnUsage; receiver: OwnUsage }> {
    const [received, sender, receiver] = await Promise.all([
      pair.answerer.received(id),
      pair.offerer.usage(),
      pair.answerer.usage()
    ])
    return { received, sender, receiver }
  }
}
