import assert from 'node:assert/strict'
import { VirtualClock } from '@hearsay/testing'

describe('VirtualClock', () => {
  it('runs timers in order of their time, each at its own, those due at once in the order of setting', async () => {
    const clock = new VirtualClock(0)
    const seen: [string, number][] = []
    const note = (name: string) => (): void => void seen.push([name, clock.now()])
    clock.setTimeout(note('late'), 30)
    clock.setTimeout(note('first'), 10)
    clock.setTimeout(note('second'), 10)
    await clock.advance(20)
    assert.deepEqual(seen, [
      ['first', 10],
      ['second', 10]
    ])
    assert.equal(clock.now(), 20)
    assert.equal(clock.pendingTimers, 1)
  })

  it('runs timers that timers and promises set on the way', async () => {
    const clock = new VirtualClock(0)
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms))
    let finished = 0
    void (async () => {
      for (let index = 0; index < 10; index++) await wait(5)
      finished = clock.now()
    })()
    await clock.advance(100)
    assert.equal(finished, 50)
  })

  it('does not run what was cleared', async () => {
    const clock = new VirtualClock(0)
    const handle = clock.setTimeout(() => assert.fail('it ran'), 10)
    clock.clearTimeout(handle)
    clock.clearTimeout(handle)
    clock.clearTimeout(undefined)
    await clock.advance(100)
  })

  it('advances until a condition holds, and says when it never does', async () => {
    const clock = new VirtualClock(0)
    let count = 0
    const tick = (): void => {
      count++
      clock.setTimeout(tick, 10)
    }
    tick()
    await clock.advanceUntil(() => count === 5)
    assert.equal(clock.now(), 40)
    await assert.rejects(clock.advanceUntil(() => false, 100))
  })
})
