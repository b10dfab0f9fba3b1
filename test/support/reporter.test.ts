import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'mocha'
import { ChildProgram, type ProcessEnd } from './processes.ts'

const ROOT = join(import.meta.dirname, '../..')
const FIXTURE = join(import.meta.dirname, 'fixtures/wants-chromium.ts')

/** mocha over the fixture, on a machine where no program is found. */
async function runFixture(env: Readonly<Record<string, string>>): Promise<ProcessEnd> {
  const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js')
  const reporter = join(import.meta.dirname, 'reporter.ts')
  const args = [mocha, '--no-config', '--reporter', reporter, '--ui', 'bdd', FIXTURE]
  await using child = new ChildProgram(args, { cwd: ROOT, env: { PATH: '/nonexistent', ...env } })
  return await child.end()
}

describe('the end of a test run', () => {
  it('names what this machine lacks, and counts in its last line', async () => {
    const { code, stdout } = await runFixture({})
    assert.equal(code, 0)
    assert.match(
      stdout,
      /Not run on this machine:\n {2}Chromium is not installed \(asked for by 1 of the tests or suites\)\n/
    )
    assert.match(stdout, /\n1 passed, 0 failed, 1 skipped\n$/)
  })

  it('fails in CI where something is lacking', async () => {
    const { code, stdout } = await runFixture({ CI: 'true' })
    assert.equal(code, 1)
    assert.match(stdout, /CI must not skip/)
    assert.match(stdout, /\n1 passed, 1 failed\n$/)
  })
})
