import assert from 'node:assert/strict'
import fc from 'fast-check'
import { REPLAY_WINDOW_SIZE, ReplayWindow } from '../../src/dtls/replay-window.ts'

describe('DTLS replay window (RFC 6347, section 4.1.2.6)', () => {
  it('takes each number once, and none behind the window, in any order', () => {
    const step = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -9000, max: 9000 }),
      fc.nat(2 ** 40)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const window = new ReplayWindow()
        const taken = new Set<number>()
        let newest = -1
        let at = 0
        for (const move of steps) {
          at = Math.max(0, at + move)
          const isExpected = !taken.has(at) && at > newest - REPLAY_WINDOW_SIZE
          assert.equal(window.isFresh(at), isExpected, `number ${at}, newest ${newest}`)
          if (!isExpected) continue
          window.note(at)
          taken.add(at)
          newest = Math.max(newest, at)
        }
      })
    )
  })

  it('holds at least 8192 numbers', () => {
    const window = new ReplayWindow()
    window.note(8191)
    assert.ok(window.isFresh(0))
    window.note(8192)
    assert.ok(!window.isFresh(0))
    assert.ok(window.isFresh(1))
  })

  it('works up to the last number of an epoch', () => {
    const window = new ReplayWindow()
    const last = 2 ** 48 - 1
    window.note(last)
    assert.ok(!window.isFresh(last))
    assert.ok(window.isFresh(last - REPLAY_WINDOW_SIZE + 1))
    assert.ok(!window.isFresh(last - REPLAY_WINDOW_SIZE))
  })
})
