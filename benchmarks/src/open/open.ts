import type { Benchmark } from '../benchmark.ts'
import { PairPool } from '../peer/pair-pool.ts'
import type { ContenderName } from '../stacks/stack.ts'
import { attemptMetrics, sampleOf } from '../support/attempts.ts'
import type { Attempt } from '../support/attempts.ts'
import { rotated } from '../support/rotated.ts'
import { Tally } from '../support/tally.ts'

const rounds = 4

/** Connections a contender in a round: 200 in all. */
const attemptsPerRound = 50

/** Attempts that warm up code and caches and are not counted. */
const warmUps = 3

/** What is measured, here and as a part of `connect`. */
export const bareConnection = 'bare connection'

/** A bare connection with one channel, from nothing to open, one at a time. */
export const open: Benchmark = async ({ quick, contenders, progress, only = '', ...options }) => {
  if (!bareConnection.includes(only)) return []
  const tally = new Tally(attemptMetrics)
  const roundCount = quick ? 1 : (options.rounds ?? rounds)
  for (let round = 0; round < roundCount; round++) {
    for (const [contender, attempts] of await openRound(contenders, quick ? 3 : attemptsPerRound, progress)) {
      const sample = sampleOf(attempts)
      tally.record(bareConnection, contender, sample)
      const told = sample?.values.map((value) => `${value.toPrecision(4)} ms`).join(', ') ?? 'FAILED'
      progress(`round ${round + 1}/${roundCount}: ${contender}: ${told}`)
    }
  }
  return tally.rows()
}

/** One round: contenders take turns, connection by connection. */
export async function openRound(
  contenders: readonly ContenderName[],
  count: number,
  progress: (line: string) => void
): Promise<Map<ContenderName, Attempt[]>> {
  await using pairs = new PairPool()
  const attempts = new Map<ContenderName, Attempt[]>(contenders.map((contender) => [contender, []]))
  for (let i = 0; i < count + warmUps; i++) {
    for (const contender of rotated(contenders, i)) {
      const attempt = await attemptOnce(contender)
      if (i >= warmUps) attempts.get(contender)?.push(attempt)
    }
  }
  return attempts

  async function attemptOnce(contender: ContenderName): Promise<Attempt> {
    try {
      const pair = await pairs.take(contender)
      const { id, openedMs } = await pair.connect([{ label: 'bench', priority: 'low' }])
      await pair.close(id)
      return openedMs
    } catch (error) {
      progress(`${contender}: ${String(error)}`)
      await pairs.drop(contender)
      return undefined
    }
  }
}
