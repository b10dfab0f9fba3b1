import assert from 'node:assert/strict'
import fc from 'fast-check'
import { measurePresence } from '@hearsay/testing/presence'
import { EventQueue } from '../src/event-queue.ts'

describe('event queue', () => {
  it('gives actions by time, those of one time in the order in which they were added', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 100 }), (times) => {
        const queue = new EventQueue()
        const done: (readonly [number, number])[] = []
        for (const [index, time] of times.entries()) queue.add(time, () => done.push([time, index]))
        const due: number[] = []
        for (let at = queue.nextAt; at < Infinity; at = queue.nextAt) {
          due.push(at)
          queue.take()?.()
        }
        const expected = times
          .map((time, index) => [time, index] as const)
          .sort(([a, i], [b, j]) => a - b || i - j)
        assert.deepEqual(done, expected)
        assert.deepEqual(
          due,
          expected.map(([time]) => time)
        )
        assert.equal(queue.take(), undefined)
      })
    )
  })
})

describe('presence of a simulated room', function () {
  this.timeout(20_000)

  it('is measured alike for the same seed, and within what is promised', () => {
    const measure = () => measurePresence({ members: 60, seed: 7, quietMs: 300_000 })
    const figures = measure()
    assert.deepEqual(measure(), figures)
    assert.ok(figures.quietBytesPerSecond <= 50, String(figures.quietBytesPerSecond))
    assert.ok(figures.newcomerKnowsMs <= 2_000, String(figures.newcomerKnowsMs))
    assert.ok(figures.newcomerKnownMs <= 2_000, String(figures.newcomerKnownMs))
    assert.ok(figures.goodbyeMs <= 3_000, String(figures.goodbyeMs))
    assert.ok((figures.mergeMs ?? Infinity) <= 3_000, String(figures.mergeMs))
  })
})
