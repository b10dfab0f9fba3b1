import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Fifo } from '../src/channels/fifo.ts'

describe('Fifo', () => {
  it('does what an array does', () => {
    const step = fc.oneof(
      fc.constant('push' as const),
      fc.constant('shift' as const),
      fc.nat(5_000).map((item) => ({ take: item })),
      fc.integer({ min: 2, max: 7 }).map((divisor) => ({ takeAll: divisor }))
    )
    fc.assert(
      fc.property(
        fc.nat(4_000),
        fc.nat(4_000),
        fc.array(step, { maxLength: 200 }),
        (pushed, shifted, steps) => {
          const model: number[] = Array.from({ length: pushed }, (_, item) => item)
          const fifo = new Fifo<number>()
          for (const item of model) fifo.push(item)
          for (let count = 0; count < shifted; count++) assert.equal(fifo.shift(), model.shift())
          let next = pushed
          for (const each of steps) {
            if (each === 'push') {
              fifo.push(next)
              model.push(next++)
            } else if (each === 'shift') {
              assert.equal(fifo.shift(), model.shift())
            } else if ('take' in each) {
              const index = model.indexOf(each.take)
              const taken = index === -1 ? undefined : model.splice(index, 1)[0]
              assert.equal(
                fifo.take((item) => item === each.take),
                taken
              )
            } else {
              const matches = (item: number): boolean => item % each.takeAll === 0
              assert.deepEqual(fifo.takeAll(matches), model.filter(matches))
              model.splice(0, model.length, ...model.filter((item) => !matches(item)))
            }
            assert.equal(fifo.length, model.length)
            assert.equal(fifo.first, model[0])
          }
          assert.deepEqual([...fifo], model)
        }
      )
    )
  })
})
