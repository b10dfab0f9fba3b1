import assert from 'node:assert/strict'
import { parseArguments } from '../src/arguments.ts'
import { contenders } from '../src/stacks/stack.ts'

const names = ['throughput', 'latency']

describe('Arguments of the benchmarks', () => {
  it('lets everybody take part who is not left out', () => {
    assert.deepEqual(parseArguments(['latency'], names), {
      name: 'latency',
      json: undefined,
      quick: false,
      contenders,
      rounds: undefined,
      only: undefined
    })
  })

  it('takes all its options in any order', () => {
    const args = '--rounds 2 --contenders wrtc,hearsay throughput --quick --only KiB --json out.json'.split(
      ' '
    )
    assert.deepEqual(parseArguments(args, names), {
      name: 'throughput',
      json: 'out.json',
      quick: true,
      contenders: ['wrtc', 'hearsay'],
      rounds: 2,
      only: 'KiB'
    })
  })

  it('gives way to a request for help', () => {
    assert.equal(parseArguments(['--help'], names), undefined)
    assert.equal(parseArguments(['latency', '-h'], names), undefined)
  })

  for (const args of [
    [],
    ['nonsense'],
    ['latency', 'throughput'],
    ['latency', '--contenders', 'hearsay,pion'],
    ['latency', '--rounds', '0'],
    ['latency', '--rounds', 'many'],
    ['latency', '--unknown']
  ]) {
    it(`refuses "${args.join(' ')}"`, () => {
      assert.throws(() => parseArguments(args, names), TypeError)
    })
  }
})
