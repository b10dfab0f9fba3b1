import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { leakCheck, LeakError } from '@hearsay/testing/leaks'

describe('leakCheck', () => {
  it('is content where everything was closed, also a little later', async () => {
    const leaks = leakCheck()
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    setTimeout(() => socket.close(), 30)
    clearTimeout(setTimeout(() => {}, 60_000))
    setTimeout(() => {}, 60_000).unref()
    await leaks.done()
  })

  it('names a timer and where it was set', async () => {
    const leaks = leakCheck()
    const timer = setTimeout(() => {}, 60_000)
    try {
      await assert.rejects(
        leaks.done({ graceMs: 20 }),
        (error) =>
          error instanceof LeakError &&
          error.resources.length === 1 &&
          /Timeout set .*leaks\.test\.ts/.test(error.message)
      )
    } finally {
      clearTimeout(timer)
    }
  })

  it('names an interval and a socket', async () => {
    const leaks = leakCheck()
    const interval = setInterval(() => {}, 60_000)
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    try {
      await assert.rejects(
        leaks.done({ graceMs: 20 }),
        (error) => error instanceof LeakError && error.resources.length === 2
      )
    } finally {
      clearInterval(interval)
      await new Promise<void>((resolve) => socket.close(resolve))
    }
  })
})
