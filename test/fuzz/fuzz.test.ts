import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { savedFailures } from './failure-store.ts'
import { Fuzzer } from './fuzzer.ts'
import { TARGETS } from './targets/index.ts'

/** So many inputs a target: a second or two for all. `npm run fuzz` goes on for as long as it is let. */
const INPUTS = 1500

/** Another one each time, so that every run of the tests looks somewhere else; give it again to see the same. */
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31))

describe('fuzz targets', () => {
  it('each have a name of their own', () => {
    assert.equal(new Set(TARGETS.map(({ name }) => name)).size, TARGETS.length)
  })

  for (const target of TARGETS) {
    it(`${target.name}: takes its own corpus and whatever it failed at once`, async () => {
      for (const input of target.corpus) {
        assert.notEqual(
          await target.run(input),
          undefined,
          `${Buffer.from(input).toString('hex')} is refused`
        )
      }
      for (const [file, input] of savedFailures(target.name)) {
        await assert.doesNotReject(async () => target.run(input), `${file} fails again`)
      }
    })

    it(`${target.name}: holds against inputs of strangers`, async () => {
      const fuzzer = new Fuzzer(target, SEED)
      while (fuzzer.inputs < INPUTS) {
        const failure = await fuzzer.step()
        if (failure !== undefined) {
          const input = Buffer.from(failure.input).toString('hex')
          assert.fail(new Error(`seed ${String(SEED)} (FUZZ_SEED), input ${input}`, { cause: failure.error }))
        }
      }
      assert.ok(fuzzer.shapes > 0, 'nothing was ever taken')
    })
  }
})
