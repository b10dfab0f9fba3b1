import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'mocha'
import { ChildProgram, type ProcessEnd } from '../../../test/support/processes.ts'

/** The demo with members that do not do their part. */
async function runWith(kind: 'mute' | 'dying', ...args: readonly string[]): Promise<ProcessEnd> {
  const script = join(import.meta.dirname, 'fixtures/false-member.ts')
  const env = { PATH: process.env.PATH, FALSE_MEMBER: kind }
  await using demo = new ChildProgram([script, 'demo', ...args], { cwd: tmpdir(), env })
  return await demo.end()
}

describe('the demo fails', () => {
  it('and names the pairs that never connected', async () => {
    const { code, stderr } = await runWith('mute', '--peers', '4', '--deadline', '3')
    assert.equal(code, 1)
    assert.match(stderr, /not done within 3 s; missing: 1–2, 1–3, 1–4, 2–3, 2–4, 3–4 \(ERR_DEMO_FAILED\)/)
  })

  it('and tells machines so', async () => {
    const { code, stdout } = await runWith('mute', '--peers', '4', '--deadline', '3', '--json')
    assert.equal(code, 1)
    const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
    assert.equal(result.event, 'result')
    assert.equal(result.ok, false)
    assert.match(String(result.error), /missing: 1–2/)
  })

  it('and repeats what a process said that ended unasked', async () => {
    const { code, stderr } = await runWith('dying', '--peers', '4')
    assert.equal(code, 1)
    assert.match(stderr, /process \d ended unasked; process \d said: something broke \(ERR_DEMO_FAILED\)/)
  })
})
