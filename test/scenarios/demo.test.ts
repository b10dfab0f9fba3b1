import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { describe, it } from 'mocha'
import { HearsayCommand } from '../support/hearsay-command.ts'

interface Result {
  readonly ok: boolean
  readonly killed: readonly number[]
  readonly newcomers: readonly number[]
  readonly pairs: readonly {
    readonly pair: readonly [number, number]
    readonly path: string
    readonly openedMs: number
    readonly candidates: readonly [string, string]
  }[]
}

describe('the demo', function () {
  this.timeout(120_000)

  it('connects every pair of a line, outlives its entry and its middle, takes in newcomers at both ends, and says how', async () => {
    await using demo = new HearsayCommand(['demo', '--json'])
    const { code, stdout, stderr } = await demo.end()
    assert.equal(code, 0, stderr)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; state?: string })
    assert.deepEqual(
      events.filter(({ event }) => event === 'step-ended').map(({ state }) => state),
      ['done', 'done', 'done', 'done', 'done', 'done', 'done', 'done']
    )
    const result = events.at(-1) as unknown as Result
    assert.equal(result.ok, true)
    assert.deepEqual(
      [result.killed, result.newcomers],
      [
        [1, 4],
        [7, 8]
      ]
    )
    assert.equal(result.pairs.length, 15 + 2 * 4 + 1)
    for (const newcomer of result.newcomers) {
      assert.equal(result.pairs.filter(({ pair }) => pair.includes(newcomer)).length, 5)
    }
    for (const { path, openedMs, candidates } of result.pairs) {
      assert.match(path, /^(direct|introducer|gossip)$/)
      assert.ok(openedMs > 0)
      assert.ok(candidates.every((type) => /^(host|prflx)$/.test(type)))
    }
    // Those who are no neighbours in the line met through others; a few may have been linked before they met.
    const distant = result.pairs.filter(({ pair: [a, b] }) => b - a > 1 && !result.newcomers.includes(b))
    assert.ok(distant.filter(({ path }) => path !== 'direct').length > distant.length / 2)
  })

  for (const [signal, exitCode] of [
    ['SIGKILL', null],
    ['SIGINT', 130]
  ] as const) {
    it(`leaves no process behind after ${signal}`, async () => {
      await using demo = new HearsayCommand(['demo', '--json'])
      await demo.event({ event: 'step-ended', state: 'done' })
      const pids = demo.lines
        .map((line) => JSON.parse(line) as { event: string; pid: number })
        .filter(({ event }) => event === 'member')
        .map(({ pid }) => pid)
      assert.equal(pids.length, 6)
      demo.kill(signal)
      assert.equal((await demo.end()).code, exitCode)
      await gone(pids)
    })
  }
})

/** Waits until none of these processes is there any more. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let left = pids; left.length > 0;) {
    left = left.filter((pid) => {
      try {
        process.kill(pid, 0)
        return true
      } catch {
        return false
      }
    })
    await setTimeout(50)
  }
}
