import assert from 'node:assert/strict'
import { leakCheck } from '@hearsay/testing/leaks'
import { askAdmit } from '../src/admission.ts'
import type { AdmitHook } from '../src/index.ts'

const REQUEST = { rooms: ['kitchen'] }

describe('asking the hook admit', () => {
  const ask = (
    hook: AdmitHook,
    stopped = new AbortController().signal,
    timeoutMs = 10_000
  ): Promise<boolean> => askAdmit(hook, 'somebody', REQUEST, stopped, timeoutMs)

  it('gives what it says, at once or later, and throws what it throws', async () => {
    const leaks = leakCheck()
    const asked: unknown[] = []
    assert.equal(await ask((...question) => asked.push(question) === 1), true)
    assert.deepEqual(asked, [['somebody', REQUEST]])
    assert.equal(await ask(() => Promise.resolve(false)), false)
    const failure = new Error('out of order')
    await assert.rejects(
      ask(() => {
        throw failure
      }),
      failure
    )
    await assert.rejects(
      ask(() => Promise.reject(failure)),
      failure
    )
    await leaks.done()
  })

  it('waits for no answer for ever', async () => {
    await assert.rejects(
      ask(() => new Promise(() => undefined), undefined, 1),
      { name: 'AdmitTimeoutError', code: 'ERR_ADMIT_TIMEOUT', peerId: 'somebody' }
    )
  })

  it('ends with the mesh, and leaves no timer', async () => {
    const leaks = leakCheck()
    const shutdown = new AbortController()
    const asking = ask(() => new Promise(() => undefined), shutdown.signal)
    const reason = new Error('closed')
    shutdown.abort(reason)
    await assert.rejects(asking, reason)
    await assert.rejects(
      ask(() => assert.fail('asked'), shutdown.signal),
      reason
    )
    await leaks.done()
  })
})
