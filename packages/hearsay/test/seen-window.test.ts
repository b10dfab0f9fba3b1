import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SeenWindow, WINDOW } from '../src/broadcast/seen-window.ts'

describe('a window of counters', () => {
  it('takes each once, in any order, and none that is too old to tell', () => {
    const step = fc.oneof(fc.nat(40), fc.nat(3 * WINDOW), fc.constant(WINDOW))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (counters) => {
        const window = new SeenWindow()
        const taken = new Set<number>()
        let highest = 0
        for (const counter of counters) {
          const expected = !taken.has(counter) && counter > highest - WINDOW
          assert.equal(window.isNew(counter), expected)
          assert.equal(window.take(counter), expected)
          taken.add(counter)
          highest = Math.max(highest, counter)
        }
      })
    )
  })

  it('bears a counter as large as there is', () => {
    const window = new SeenWindow()
    assert.ok(window.take(Number.MAX_SAFE_INTEGER))
    assert.ok(window.take(Number.MAX_SAFE_INTEGER - 1))
    assert.equal(window.take(Number.MAX_SAFE_INTEGER), false)
    assert.equal(window.take(1), false)
  })
})
