import assert from 'node:assert/strict'
import { runAll, waitForAll } from '../src/run-all.ts'

describe('what is to be done whatever fails', () => {
  it('is done step by step, and the first failure told', async () => {
    const done: number[] = []
    const step = (n: number, error?: Error) => async (): Promise<void> => {
      await Promise.resolve()
      done.push(n)
      if (error !== undefined) throw error
    }
    await runAll([step(1), step(2)])
    const failure = new Error('first')
    const thrown = (): never => {
      throw failure
    }
    await assert.rejects(runAll([step(3), thrown, step(4, new Error('second')), step(5)]), failure)
    assert.deepEqual(done, [1, 2, 3, 4, 5])
  })

  it('is waited for', async () => {
    let isDone = false
    const later = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      isDone = true
    })
    await assert.rejects(
      waitForAll([undefined, Promise.reject(new Error('on purpose')), later]),
      /on purpose/
    )
    assert.equal(isDone, true)
    await waitForAll([later])
  })
})
