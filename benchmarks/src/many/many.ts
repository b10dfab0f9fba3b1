import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import { Pair } from '../peer/pair.ts'
import type { ContenderName } from '../stacks/stack.ts'
import { withDeadline } from '../support/deadline.ts'
import { rotated } from '../support/rotated.ts'
import { Tally } from '../support/tally.ts'
import type { Sample } from '../support/tally.ts'

const rounds = 3

const counts = [100, 500] as const

/** How many are being opened at a time: enough to keep both processes busy. */
const concurrency = 16

/** After the last has opened, before anything is measured, in milliseconds. */
const settleMs = 2_000

/** For how long CPU time is counted, in milliseconds: consent (RFC 7675) is checked every five seconds. */
const idleMs = 10_000

/** For everything, in milliseconds. */
const turnTimeoutMs = 120_000

interface Times {
  readonly settleMs: number
  readonly idleMs: number
}

/** Many connections that have nothing to do, between two processes. What is told is of one of the two. */
export const many: Benchmark = async ({ quick, contenders, progress, only = '', ...options }) => {
  const tally = new Tally([
    { metric: 'time to open all', unit: 's', isCompared: true },
    { metric: 'memory a connection', unit: 'KB', isCompared: true },
    { metric: 'idle CPU', unit: '% of a core', isCompared: true }
  ])
  const roundCount = quick ? 1 : (options.rounds ?? rounds)
  const times = quick ? { settleMs: 100, idleMs: 200 } : { settleMs, idleMs }
  const scenarios = (quick ? [5] : counts).map((count) => ({ name: `${count} connections`, count }))
  for (let round = 0; round < roundCount; round++) {
    for (const { name, count } of scenarios.filter((scenario) => scenario.name.includes(only))) {
      for (const contender of rotated(contenders, round)) {
        const sample = await measure(contender, count, times).catch((error: unknown) => {
          progress(`${name}: ${contender}: ${String(error)}`)
          return undefined
        })
        tally.record(name, contender, sample)
        const told = sample?.values.map((value) => value.toPrecision(4)).join(', ') ?? 'FAILED'
        progress(`round ${round + 1}/${roundCount}: ${name}: ${contender}: ${told} (s, KB, %)`)
      }
    }
  }
  return tally.rows()
}

async function measure(contender: ContenderName, count: number, times: Times): Promise<Sample> {
  await using pair = await Pair.start(contender)
  return await withDeadline(openMany(pair, count, times), turnTimeoutMs, `${count} connections`)
}

async function openMany(pair: Pair, count: number, times: Times): Promise<Sample> {
  const channels = [{ label: 'bench', priority: 'low' }] as const
  // What all connections share is there once there has been one.
  await pair.close((await pair.connect(channels)).id)
  await pair.offerer.collectGarbage()
  const before = await pair.offerer.usage()
  const startedAt = performance.now()
  let left = count
  let opened = 0
  const openSome = async (): Promise<void> => {
    while (left-- > 0) {
      await pair.connect(channels)
      opened++
    }
  }
  const results = await Promise.allSettled(Array.from({ length: concurrency }, openSome))
  const openMs = performance.now() - startedAt
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw new Error(`${opened} of ${count} opened`, { cause: failed.reason })
  await setTimeout(times.settleMs)
  await pair.offerer.collectGarbage()
  const idle = await pair.offerer.usage()
  await setTimeout(times.idleMs)
  const after = await pair.offerer.usage()
  return {
    values: [
      openMs / 1000,
      (idle.residentBytes - before.residentBytes) / 1000 / count,
      ((after.cpuMs - idle.cpuMs) / times.idleMs) * 100
    ],
    n: count
  }
}
