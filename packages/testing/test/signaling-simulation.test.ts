import assert from 'node:assert/strict'
import { MISCHIEFS, SignalingSimulation } from '../src/index.ts'
import type { SignalingSimulationOptions } from '../src/index.ts'

const SEED = 4711
const CONNECTIONS = 12

describe('a simulated room of 300', () => {
  it('joins any two through an introducer with ten envelopes at most, in one round trip', async () => {
    const simulation = await SignalingSimulation.create({ seed: SEED, members: 300 })
    // Who has never dialed does not know yet how long an answer takes.
    for (let i = 0; i < CONNECTIONS; i++) await simulation.connect('introducer')
    for (let i = 0; i < CONNECTIONS; i++) {
      const { envelopes: before } = simulation.traffic
      assert.equal(await simulation.connect('introducer'), 200, `connection ${i}, seed ${SEED}`)
      assert.ok(simulation.traffic.envelopes - before <= 10, String(simulation.traffic.envelopes - before))
    }
    await simulation.stop()
  })

  it('pays with everybody for what goes to the whole room', async () => {
    const simulation = await SignalingSimulation.create({ seed: SEED, members: 300 })
    assert.ok((await simulation.connect('gossip')) !== undefined)
    assert.ok(simulation.traffic.envelopes >= 2 * 299)
    await simulation.stop()
  })
})

describe('a simulated room with hostile introducers', () => {
  const members = 12
  const seeds = [1, 2]

  /** What dials took: the first of each member, and its second. */
  async function dials(
    options: Partial<SignalingSimulationOptions>
  ): Promise<[first: number[], later: number[]]> {
    const [first, later]: [number[], number[]] = [[], []]
    for (const seed of seeds) {
      const simulation = await SignalingSimulation.create({ members, dialers: members, seed, ...options })
      for (let i = 0; i < 2 * members; i++) {
        const tookMs = await simulation.connect('introducer')
        assert.ok(tookMs !== undefined, `dial ${i} failed, seed ${seed}`)
        const round = i < members ? first : later
        round.push(tookMs)
      }
      await simulation.stop()
    }
    return [first, later]
  }

  for (const [hopMs, jitterMs] of [
    [0, 0],
    [50, 10]
  ]) {
    describe(`at ${hopMs} to ${hopMs + jitterMs} ms a hop`, () => {
      let calm: number

      before(async () => {
        calm = quantile((await dials({ hopMs, jitterMs })).flat(), 0.95)
      })

      for (const mischief of MISCHIEFS) {
        for (const introducers of [1, 2]) {
          it(`makes every dial, in twice the time at most: ${introducers} of three are ${mischief}`, async () => {
            const [first, later] = await dials({ hopMs, jitterMs, hostile: { mischief, introducers } })
            // Nothing is overdue before 50 ms. Where answers get lost, an offer that was expected to find bad ones goes
            // three ways, of which two are answered: it has to come again when the answer is overdue.
            const soon = Math.max(50, 2 * calm)
            const limits = [soon, mischief === 'one-way' ? Math.max(50, 2.2 * calm) : 2 * calm]
            const rough = [first, later].map((times) => quantile(times, 0.95))
            const told = `p95 is ${rough.join(', ')} ms, and ${calm} ms undisturbed; seeds ${seeds.join(', ')}`
            assert.ok(rough[0] <= limits[0] && rough[1] <= limits[1], told)
          })
        }
      }
    })
  }
})

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
