import { attemptRows } from './attempt.ts'
import type { Attempt } from './attempt.ts'
import { bareRound } from './bare.ts'
import { meshRound, meshScenarios } from './mesh-dials.ts'
import type { ResultRow } from '../support/results.ts'

/** Rounds of a full run; the scenarios take turns within each. */
const rounds = 4
/** Dials a path in a round: 200 in all. */
const dialsPerRound = 50

/** Time to an open channel: over the mesh, path by path, and bare beside stock werift. */
export async function connect(options: {
  quick: boolean
  progress: (line: string) => void
}): Promise<ResultRow[]> {
  const roundCount = options.quick ? 1 : rounds
  const dials = options.quick ? 3 : dialsPerRound
  const attempts = new Map<string, { scenario: string; contender: string; rounds: Attempt[][] }>()
  const record = (scenario: string, contender: string, round: Attempt[]): void => {
    const key = `${scenario} ${contender}`
    const entry = attempts.get(key) ?? { scenario, contender, rounds: [] }
    entry.rounds.push(round)
    attempts.set(key, entry)
  }
  for (let i = 0; i < roundCount; i++) {
    for (const scenario of meshScenarios) {
      options.progress(`round ${i + 1}/${roundCount}: ${scenario.name}`)
      record(scenario.name, 'hearsay', await meshRound(scenario, dials))
    }
    options.progress(`round ${i + 1}/${roundCount}: bare connection`)
    for (const [contender, round] of await bareRound(dials)) record('bare connection', contender, round)
  }
  return [...attempts.values()].flatMap((entry) => attemptRows(entry.scenario, entry.contender, entry.rounds))
}
