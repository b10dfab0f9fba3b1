import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesCodec, jsonCodec, textCodec } from '../src/channels/codec.ts'

describe('codecs', () => {
  it('give back what they took', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.deepEqual(jsonCodec.decode(jsonCodec.encode(value)), JSON.parse(JSON.stringify(value)))
      )
    )
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const wellFormed = value.toWellFormed()
        assert.equal(textCodec.decode(textCodec.encode(wellFormed)), wellFormed)
      })
    )
    fc.assert(
      fc.property(fc.uint8Array(), (value) =>
        assert.deepEqual(bytesCodec.decode(bytesCodec.encode(value)), value)
      )
    )
  })

  const circular: Record<string, unknown> = {}
  circular.self = circular
  for (const [name, value] of Object.entries({
    undefined,
    function: () => {},
    bigint: 1n,
    circular
  })) {
    it(`JSON refuses ${name}`, () => {
      assert.throws(() => jsonCodec.encode(value), TypeError)
    })
  }
})
