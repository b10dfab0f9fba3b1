import type { Benchmark } from '../benchmark.ts'
import { quantile, row } from '../support/results.ts'
import type { ResultRow } from '../support/results.ts'
import { RealRoom } from './real-room.ts'
import { simulateNewcomer, simulateQuiet, simulateSignaling } from './simulated-room.ts'
import type { Cost, CountedPath } from './real-room.ts'

const realSizes = [10, 50, 200]
const simulatedSizes = [1_000, 10_000]
const paths: readonly CountedPath[] = ['introducer', 'gossip']

/** Connections by introducers, and by gossip, which costs the whole room. */
const connections = { introducer: 26, gossip: 10 }

/** Runs of a simulation, each with a seed of its own. */
const seeds = [1, 2, 3]

/** What a room pays for a connection, in what members hand each other; and what its presence costs and brings. */
export const signaling: Benchmark = async ({ quick, progress, only = '' }) => {
  const wanted = (scenario: string): boolean => scenario.includes(only)
  const rows: ResultRow[] = []
  for (const size of quick ? realSizes.slice(0, 1) : realSizes) {
    const scenarios = paths.filter((path) => wanted(real(size, path)))
    if (scenarios.length === 0) continue
    progress(`${size} real members: until each knows every other`)
    await using room = await RealRoom.open(size)
    for (const path of scenarios) {
      progress(real(size, path))
      const count = quick ? 3 : connections[path]
      rows.push(...costRows(real(size, path), [await room.measure(path, count)], count))
    }
  }
  for (const size of quick ? simulatedSizes.slice(0, 1) : simulatedSizes) {
    for (const path of paths.filter((path) => wanted(simulated(size, path)))) {
      progress(simulated(size, path))
      const count = quick ? 3 : connections[path]
      const costs = []
      for (const seed of quick ? seeds.slice(0, 1) : seeds) {
        costs.push(await simulateSignaling(size, path, count, seed))
      }
      rows.push(...costRows(simulated(size, path), costs, count * costs.length))
      rows.push(
        row(
          {
            scenario: simulated(size, path),
            contender: 'hearsay',
            metric: 'p95 with hops of 50 ms',
            unit: 'ms'
          },
          costs.map(({ tookMs }) => quantile(tookMs, 0.95)),
          count * costs.length
        )
      )
    }
    if (wanted(presence(size))) rows.push(...presenceRows(size, quick ? seeds.slice(0, 1) : seeds, progress))
  }
  return rows
}

const real = (size: number, path: string): string => `${size} members, ${path}`
const simulated = (size: number, path: string): string => `${size} simulated members, ${path}`
const presence = (size: number): string => `${size} simulated members, presence`

function costRows(scenario: string, costs: readonly Cost[], n: number): ResultRow[] {
  const labels = { scenario, contender: 'hearsay' }
  const values = (metric: keyof Cost): number[] => costs.map((cost) => cost[metric])
  return [
    row({ ...labels, metric: 'success', unit: 'ratio' }, values('success'), n),
    row({ ...labels, metric: 'envelopes a connection', unit: '1' }, values('envelopes'), n),
    row({ ...labels, metric: 'bytes a connection', unit: 'B' }, values('bytes'), n)
  ]
}

function presenceRows(size: number, seeds: readonly number[], progress: (line: string) => void): ResultRow[] {
  const scenario = presence(size)
  progress(`${scenario}: a newcomer`)
  const labels = { scenario, contender: 'hearsay' }
  const newcomers = seeds.map((seed) => simulateNewcomer(size, seed))
  progress(`${scenario}: a quiet hour`)
  const quiet = seeds.map((seed) => simulateQuiet(size, seed))
  return [
    row({ ...labels, metric: 'a newcomer knows all', unit: 'ms' }, newcomers, newcomers.length),
    row({ ...labels, metric: 'a quiet room', unit: 'B/s a member' }, quiet, quiet.length)
  ]
}
