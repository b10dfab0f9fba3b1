import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { EventOutput } from '../src/terminal/event-output.ts'
import { renderTable } from '../src/terminal/table.ts'
import { printable } from '../src/terminal/terminal.ts'

describe('what reaches the terminal', () => {
  it('holds no control character of others', () => {
    assert.equal(printable('a\u{1b}[2Jb\rc\u{202e}d'), 'a\u{fffd}[2Jb\u{fffd}c\u{fffd}d')
  })

  it('is one line, whatever was said', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => !/[\n\r\u{1b}\u{85}\u{2028}\u{2029}]/u.test(printable(text))
      )
    )
  })

  it('is one JSON value a line with --json, whatever was said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const stdout = new PassThrough()
        const output = new EventOutput({ stdin: stdout, stdout, stderr: stdout, env: {} }, true)
        output.emit({ event: 'message', text }, 'not this')
        const [line, ...rest] = String(stdout.read()).split('\n')
        assert.deepEqual(JSON.parse(line ?? ''), { event: 'message', text })
        assert.deepEqual(rest, [''])
      })
    )
  })

  it('keeps the columns of a table apart and numbers to the right', () => {
    const text = renderTable(
      ['pair', 'ms'],
      [
        ['1–2', '7'],
        ['10–11', '123']
      ],
      new Set([1])
    )
    assert.equal(text, [' pair    ms', ' -----  ---', ' 1–2      7', ' 10–11  123'].join('\n'))
  })
})
