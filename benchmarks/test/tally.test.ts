import assert from 'node:assert/strict'
import { Tally } from '../src/support/tally.ts'

describe('Tally', () => {
  const speed = { metric: 'speed', unit: 'MB/s', isCompared: true }

  it('compares within a round, and takes the median of the ratios', () => {
    const tally = new Tally([speed])
    for (const [ours, theirs] of [
      [10, 5],
      [90, 30],
      [8, 8]
    ]) {
      tally.record('one', 'hearsay', { values: [ours], n: 1 })
      tally.record('one', 'wrtc', { values: [theirs], n: 1 })
    }
    const ratio = tally.rows().find(({ metric }) => metric === 'speed vs wrtc')
    assert.deepEqual(ratio, {
      scenario: 'one',
      contender: 'hearsay',
      metric: 'speed vs wrtc',
      unit: 'ratio',
      median: 2,
      min: 1,
      max: 3,
      n: 3
    })
  })

  it('tells how often a contender failed, and leaves failures out of all else', () => {
    const tally = new Tally([speed])
    tally.record('one', 'hearsay', { values: [10], n: 1 })
    tally.record('one', 'wrtc', undefined)
    tally.record('one', 'hearsay', { values: [20], n: 1 })
    tally.record('one', 'wrtc', { values: [5], n: 1 })
    const rows = tally.rows()
    const of = (contender: string, metric: string): number | undefined =>
      rows.find((row) => row.contender === contender && row.metric === metric)?.median
    assert.equal(of('wrtc', 'success'), 0.5)
    assert.equal(of('wrtc', 'speed'), 5)
    assert.equal(of('hearsay', 'speed vs wrtc'), 4)
  })

  it('does not hide a failure behind the rounds that came off', () => {
    const tally = new Tally([speed])
    for (const sample of [
      { values: [10], n: 2 },
      undefined,
      { values: [10], n: 2, success: 0.5 },
      { values: [10], n: 2 }
    ]) {
      tally.record('one', 'hearsay', sample)
    }
    const success = tally.rows().find(({ metric }) => metric === 'success')
    assert.deepEqual([success?.median, success?.min, success?.max, success?.n], [0.625, 0, 1, 4])
  })

  it('has only a success of 0 to tell of who failed always', () => {
    const tally = new Tally([speed])
    tally.record('one', 'hearsay', { values: [10], n: 1 })
    tally.record('one', 'wrtc', undefined)
    const rows = tally.rows().filter(({ contender }) => contender === 'wrtc')
    assert.deepEqual(
      rows.map(({ metric, median }) => [metric, median]),
      [['success', 0]]
    )
    assert.ok(!tally.rows().some(({ metric }) => metric === 'speed vs wrtc'))
  })
})
