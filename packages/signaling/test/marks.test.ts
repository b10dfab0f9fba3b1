import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Marks } from '../src/introduction/marks.ts'

describe('marks', () => {
  it('hold for a while, and are found by either name', () => {
    const marks = new Marks(4, 4)
    marks.set('i', 'alice', 10)
    marks.set('j', 'alice', 20)
    marks.set('j', 'bob', 20)
    assert.deepEqual([marks.has('i', 'alice', 9), marks.has('i', 'alice', 10)], [true, false])
    assert.equal(marks.has('i', 'bob', 9), false)
    assert.deepEqual(marks.firstsOf('alice', 9), ['i', 'j'])
    assert.deepEqual(marks.firstsOf('alice', 10), ['j'])
    assert.deepEqual(marks.firstsOf('carol', 0), [])
  })

  it('of one first name push out its own oldest, and none of another, however many there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 50 }), (count) => {
        const marks = new Marks(2, 4)
        marks.set('honest', 'alice', 10)
        for (let index = 0; index < count; index++) {
          marks.set('lying', `peer ${index}`, 10)
        }
        assert.deepEqual(marks.firstsOf('alice', 0), ['honest'])
        const left = Array.from({ length: count }, (_, index) => marks.has('lying', `peer ${index}`, 0))
        assert.deepEqual(
          left,
          left.map((_, index) => index >= count - 4)
        )
      })
    )
  })

  it('forget the first name that was marked longest ago', () => {
    const marks = new Marks(2, 4)
    for (const first of ['i', 'j', 'i', 'k']) {
      marks.set(first, 'alice', 10)
    }
    assert.deepEqual(marks.firstsOf('alice', 0).toSorted(), ['i', 'k'])
  })
})
