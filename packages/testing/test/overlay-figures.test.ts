import assert from 'node:assert/strict'
import { measureOverlay } from '@hearsay/testing/overlay'

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

describe('the overlay of a simulated room', function () {
  this.timeout(20_000)

  for (const members of [10, 100, 300]) {
    it(`is one mesh again within ten seconds after 30 % of ${members} members died at once`, () => {
      for (const seed of SEEDS) {
        const { linksPerMember, oneAgainMs, wholeAgainMs } = measureOverlay({ members, seed })
        const figures = `seed ${seed}: ${linksPerMember} links, one after ${oneAgainMs} ms, whole after ${wholeAgainMs}`
        assert.ok(oneAgainMs <= wholeAgainMs && wholeAgainMs <= 10_000, figures)
        assert.ok(linksPerMember >= 4 && linksPerMember <= 12, figures)
      }
    })
  }

  it('is measured alike for the same seed', () => {
    assert.deepEqual(measureOverlay({ members: 60, seed: 7 }), measureOverlay({ members: 60, seed: 7 }))
  })
})
