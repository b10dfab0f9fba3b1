import assert from 'node:assert/strict'
import { benchmarks } from '../src/benchmarks.ts'

describe('Benchmarks', function () {
  this.timeout(180_000)

  for (const [name, { run }] of Object.entries(benchmarks)) {
    it(`${name} runs, and its rows are whole`, async () => {
      const lines: string[] = []
      const rows = await run({
        quick: true,
        contenders: ['hearsay'],
        progress: (line) => lines.push(line)
      })
      assert.ok(rows.length > 0)
      for (const row of rows) {
        assert.ok(row.metric !== 'success' || row.median === 1, `${row.scenario} failed: ${lines.join('\n')}`)
        assert.ok(row.scenario !== '' && row.contender === 'hearsay' && row.n > 0)
        assert.ok(row.min <= row.median && row.median <= row.max, JSON.stringify(row))
      }
    })
  }
})
