import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Trickle } from '../src/presence/trickle.ts'
import { seededRandom } from './support/seeded-random.ts'

const MAX = 6_400

function trickleOf(random = seededRandom(1)): Trickle {
  return new Trickle({ minIntervalMs: 100, redundancy: 1, random }, 0)
}

/** When it spoke until then, and when it was suppressed. */
function run(trickle: Trickle, until: number): { spoken: number[]; suppressed: number[] } {
  const spoken: number[] = []
  const suppressed: number[] = []
  for (let now = trickle.pollTimeout(); now <= until; now = trickle.pollTimeout()) {
    const verdict = trickle.handleTimeout(now, MAX)
    if (verdict === 'speak') spoken.push(now)
    else if (verdict === 'suppressed') suppressed.push(now)
  }
  return { spoken, suppressed }
}

describe('Trickle timer (RFC 6206)', () => {
  it('speaks once in the second half of each interval, and doubles intervals up to the longest (section 4.2, 2 and 5)', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { spoken } = run(trickleOf(seededRandom(seed)), 100_000)
        let [start, interval] = [0, 100]
        for (const at of spoken) {
          assert.ok(at >= start + interval / 2 && at < start + interval, `${at} in ${start}+${interval}`)
          start += interval
          interval = Math.min(interval * 2, MAX)
        }
        assert.ok(spoken.length >= 6 + (100_000 - 12_700) / MAX - 1)
      })
    )
  })

  it('is silent where others have said enough in the interval (step 4)', () => {
    const trickle = trickleOf()
    trickle.handleConsistent()
    const { spoken, suppressed } = run(trickle, 299)
    assert.equal(suppressed.length, 1)
    assert.ok(suppressed[0] < 100)
    assert.equal(spoken.length, 1)
    assert.ok(spoken[0] >= 200)
  })

  it('begins anew with the shortest interval where something differs (step 6)', () => {
    const trickle = trickleOf()
    run(trickle, 50_000)
    trickle.handleInconsistent(50_000)
    const at = trickle.pollTimeout()
    assert.ok(at >= 50_050 && at < 50_100, String(at))
    // … and goes on with it where it is the shortest already.
    trickle.handleInconsistent(50_040)
    assert.equal(trickle.pollTimeout(), at)
  })
})
