import type { Benchmark } from '../benchmark.ts'
import { bareConnection, openRound } from '../open/open.ts'
import { attemptMetrics, sampleOf } from '../support/attempts.ts'
import { Tally } from '../support/tally.ts'
import { meshRound, meshScenarios } from './mesh-dials.ts'

/** Rounds of a full run; the scenarios take turns within each. */
const rounds = 4
/** Dials a path in a round: 200 in all. */
const dialsPerRound = 50

/** Time to an open channel: over the mesh, path by path, and bare beside stock werift. */
export const connect: Benchmark = async ({ quick, contenders, progress, only = '', ...options }) => {
  const tally = new Tally(attemptMetrics)
  const roundCount = quick ? 1 : (options.rounds ?? rounds)
  const dials = quick ? 3 : dialsPerRound
  const bareContenders = contenders.filter((name) => name === 'hearsay' || name === 'werift')
  for (let round = 0; round < roundCount; round++) {
    for (const scenario of meshScenarios.filter(({ name }) => name.includes(only))) {
      progress(`round ${round + 1}/${roundCount}: ${scenario.name}`)
      tally.record(scenario.name, 'hearsay', sampleOf(await meshRound(scenario, dials, progress)))
    }
    if (!bareConnection.includes(only)) continue
    progress(`round ${round + 1}/${roundCount}: ${bareConnection}`)
    for (const [contender, attempts] of await openRound(bareContenders, dials, progress)) {
      tally.record(bareConnection, contender, sampleOf(attempts))
    }
  }
  return tally.rows()
}
