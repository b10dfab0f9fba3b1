import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
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

  it('is waited for by who writes what others say, until the reader has taken it or is gone', async () => {
    const untaken: (() => void)[] = []
    const stdout = new Writable({
      highWaterMark: 4,
      write: (_chunk, _encoding, taken) => untaken.push(taken)
    })
    const output = new EventOutput({ stdin: new PassThrough(), stdout, stderr: stdout, env: {} }, true)
    await output.drained()
    const drained: string[] = []
    for (const name of ['one', 'other']) {
      output.emit({ event: 'message', text: name })
      void output.drained().then(() => drained.push(name))
    }
    untaken.shift()?.()
    await setImmediate()
    assert.deepEqual(drained, [])
    untaken.shift()?.()
    await setImmediate()
    assert.deepEqual(drained, ['one', 'other'])
    output.emit({ event: 'message', text: 'to nobody' })
    const gone = output.drained()
    stdout.destroy(new Error('EPIPE'))
    await gone
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
