import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { MAX_LINE_LENGTH, readLines } from '../src/terminal/read-lines.ts'

const never = new AbortController().signal

describe('lines of standard input', () => {
  it('are the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).filter((line) => !/[\r\n]/.test(line))),
        fc.array(fc.nat(40)),
        async (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const chunks: Buffer[] = []
          let at = 0
          for (const cut of [...cuts, bytes.length]) {
            chunks.push(bytes.subarray(at, at + cut))
            at = Math.min(at + cut, bytes.length)
          }
          const source = Readable.from(chunks.filter(({ length }) => length > 0))
          assert.deepEqual(await Array.fromAsync(readLines(source, never)), lines)
        }
      )
    )
  })

  it('may end in CR LF, and the last one in nothing', async () => {
    assert.deepEqual(await Array.fromAsync(readLines(Readable.from([Buffer.from('a\r\nb')]), never)), [
      'a',
      'b'
    ])
  })

  it('fail when one is too long, before it fills memory', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) {
          yield Buffer.alloc(4096, 'x')
        }
      })()
    )
    await assert.rejects(Array.fromAsync(readLines(endless, never)), { code: 'ERR_LINE_TOO_LONG' })
  })

  it('of the greatest length pass', async () => {
    const line = 'x'.repeat(MAX_LINE_LENGTH)
    assert.deepEqual(await Array.fromAsync(readLines(Readable.from([Buffer.from(`${line}\n`)]), never)), [
      line
    ])
  })

  it('end when the command is told to stop', async () => {
    const controller = new AbortController()
    const stream = new PassThrough()
    const lines = Array.fromAsync(readLines(stream, controller.signal))
    stream.write('a\n')
    setImmediate(() => {
      controller.abort()
    })
    assert.deepEqual(await lines, ['a'])
  })
})
