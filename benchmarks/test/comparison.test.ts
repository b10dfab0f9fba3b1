import assert from 'node:assert/strict'
import { renderComparison } from '../../scripts/render-comparison.ts'

const row = (
  scenario: string,
  contender: string,
  metric: string,
  unit: string,
  median: number
): { scenario: string; contender: string; metric: string; unit: string; median: number; n: number } => ({
  scenario,
  contender,
  metric,
  unit,
  median,
  n: 3
})

describe('The comparison in the README', () => {
  it('has a row a figure and a column a contender, and says who fails', () => {
    const results = [
      row('64 KiB', 'wrtc', 'success', 'ratio', 0.5),
      row('64 KiB', 'wrtc', 'throughput', 'MB/s', 90.123),
      row('64 KiB', 'hearsay', 'success', 'ratio', 1),
      row('64 KiB', 'hearsay', 'throughput', 'MB/s', 101.55),
      row('64 KiB', 'hearsay', 'throughput vs wrtc', 'ratio', 1.127),
      row('64 KiB', 'werift', 'success', 'ratio', 0)
    ]
    const lines = renderComparison([{ name: 'throughput', commit: 'abc', node: 'v26', results }]).split('\n')
    assert.deepEqual(lines.slice(2), [
      '| | hearsay | wrtc | werift |',
      '| --- | ---: | ---: | ---: |',
      '| 64 KiB, MB/s | 102 | 90.1 (50 % succeed) | fails |'
    ])
  })

  it('takes a benchmark that it does not know whole, but for ratios', () => {
    const results = [
      row('one', 'hearsay', 'success', 'ratio', 1),
      row('one', 'hearsay', 'height', 'm', 3),
      row('one', 'hearsay', 'depth', 'm', 4),
      row('one', 'hearsay', 'height vs wrtc', 'ratio', 2)
    ]
    const lines = renderComparison([{ name: 'new', commit: 'abc', node: 'v26', results }]).split('\n')
    assert.deepEqual(lines.slice(4), ['| one: height, m | 3 |', '| one: depth, m | 4 |'])
  })
})
