import assert from 'node:assert/strict'
import { SignalingSimulation } from '../src/index.ts'

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
