import { measureOverlay } from '@hearsay/testing/overlay'
import { measurePresence } from '@hearsay/testing/presence'
import type { Benchmark } from '../benchmark.ts'
import { quantile, row, successRow } from '../support/results.ts'
import type { ResultRow } from '../support/results.ts'
import { RealRoom } from './real-room.ts'
import { SimulatedRoom } from './simulated-room.ts'
import type { Cost, CountedPath } from './real-room.ts'

const realSizes = [10, 50, 200]
const simulatedSizes = [1_000, 10_000]
const paths: readonly CountedPath[] = ['introducer', 'gossip']

/** Connections by introducers, and by gossip, which costs the whole room. */
const connections = { introducer: 26, gossip: 10 }

/** Runs of a simulation, each with a seed of its own. */
const seeds = [1, 2, 3]

/** From so many members on presence is simulated once: it takes minutes. */
const oneRunFrom = 10_000

const contender = 'hearsay'

interface Scope {
  readonly quick: boolean
  readonly progress: (line: string) => void
  readonly wanted: (scenario: string) => boolean
}

/** What a room pays for a connection, in what members hand each other; what its presence costs; how it takes deaths. */
export const signaling: Benchmark = async ({ quick, progress, only = '' }) => {
  const scope = { quick, progress, wanted: (scenario: string): boolean => scenario.includes(only) }
  const rows: ResultRow[] = []
  for (const size of quick ? realSizes.slice(0, 1) : realSizes) rows.push(...(await realRows(size, scope)))
  for (const size of quick ? simulatedSizes.slice(0, 1) : simulatedSizes) {
    rows.push(
      ...(await simulatedRows(size, scope)),
      ...presenceRows(size, scope),
      ...overlayRows(size, scope)
    )
  }
  return rows
}

async function realRows(size: number, { quick, progress, wanted }: Scope): Promise<ResultRow[]> {
  const scenarioOf = (path: string): string => `${size} members, ${path}`
  const chosen = paths.filter((path) => wanted(scenarioOf(path)))
  if (chosen.length === 0) return []
  progress(`${size} real members: until each knows every other`)
  await using room = await RealRoom.open(size, progress).catch((error: unknown) => {
    progress(`${size} real members: ${String(error)}`)
    return undefined
  })
  if (room === undefined) {
    return chosen.map((path) => successRow({ scenario: scenarioOf(path), contender }, [0], 1))
  }
  const rows: ResultRow[] = []
  for (const path of chosen) {
    progress(scenarioOf(path))
    const count = quick ? 3 : connections[path]
    rows.push(...costRows(scenarioOf(path), [await room.measure(path, count)], count))
  }
  return rows
}

async function simulatedRows(size: number, { quick, progress, wanted }: Scope): Promise<ResultRow[]> {
  const scenarioOf = (path: string): string => `${size} simulated members, ${path}`
  const chosen = paths.filter((path) => wanted(scenarioOf(path)))
  const costs = new Map(chosen.map((path) => [path, [] as (Cost & { tookMs: number[] })[]]))
  for (const seed of chosen.length === 0 ? [] : quick ? seeds.slice(0, 1) : seeds) {
    progress(`${size} simulated members, seed ${seed}`)
    await using room = await SimulatedRoom.open(size, seed)
    for (const [path, found] of costs) {
      progress(scenarioOf(path))
      found.push(await room.measure(path, quick ? 3 : connections[path]))
    }
  }
  return [...costs].flatMap(([path, found]) => {
    const n = found.length * (quick ? 3 : connections[path])
    const labels = { scenario: scenarioOf(path), contender, metric: 'p95 with hops of 50 ms', unit: 'ms' }
    const p95 = found.map(({ tookMs }) => quantile(tookMs, 0.95))
    return [...costRows(scenarioOf(path), found, n), row(labels, p95, n)]
  })
}

function costRows(scenario: string, costs: readonly Cost[], n: number): ResultRow[] {
  const labels = { scenario, contender }
  const values = (metric: keyof Cost): number[] => costs.map((cost) => cost[metric])
  return [
    successRow(labels, values('success'), n),
    row({ ...labels, metric: 'envelopes a connection', unit: '1' }, values('envelopes'), n),
    row({ ...labels, metric: 'bytes a connection', unit: 'B' }, values('bytes'), n)
  ]
}

function presenceRows(size: number, { quick, progress, wanted }: Scope): ResultRow[] {
  const scenario = `${size} simulated members, presence`
  if (!wanted(scenario)) return []
  const figures = (quick || size >= oneRunFrom ? seeds.slice(0, 1) : seeds).map((seed) => {
    progress(`${scenario}, seed ${seed}`)
    return measurePresence({ members: size, seed })
  })
  const metric = (name: string, unit: string, value: (of: (typeof figures)[number]) => number): ResultRow =>
    row({ scenario, contender, metric: name, unit }, figures.map(value), figures.length)
  return [
    metric('a quiet room', 'B/s a member', ({ quietBytesPerSecond }) => quietBytesPerSecond),
    metric('a newcomer knows the room', 'ms', ({ newcomerKnowsMs }) => newcomerKnowsMs),
    metric('the room knows the newcomer', 'ms', ({ newcomerKnownMs }) => newcomerKnownMs)
  ]
}

function overlayRows(size: number, { quick, progress, wanted }: Scope): ResultRow[] {
  const scenario = `${size} simulated members, 30 % die`
  if (!wanted(scenario)) return []
  const figures = (quick ? seeds.slice(0, 1) : seeds).map((seed) => {
    progress(`${scenario}, seed ${seed}`)
    return measureOverlay({ members: size, seed })
  })
  const metric = (name: string, unit: string, value: (of: (typeof figures)[number]) => number): ResultRow =>
    row({ scenario, contender, metric: name, unit }, figures.map(value), figures.length)
  return [
    metric('links a member, before', '1', ({ linksPerMember }) => linksPerMember),
    metric('one mesh again', 'ms', ({ oneAgainMs }) => oneAgainMs),
    metric('no link to the dead', 'ms', ({ wholeAgainMs }) => wholeAgainMs)
  ]
}
