import assert from 'node:assert/strict'

/** Come and go by themselves. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap'
])

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => !TRANSIENT.has(name))
}

/** Runs a step and asserts that the process then holds no more sockets and timers than before. */
export async function assertNoLeaks(step: () => Promise<void>): Promise<void> {
  // The test runner's own timer is set once the test has returned its promise.
  await new Promise((resolve) => setImmediate(resolve))
  const before = sockets()
  await step()
  // Sockets close in the next turns of the loop.
  for (let turn = 0; turn < 20 && sockets().length > before.length; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(sockets().sort(), before.sort())
}
