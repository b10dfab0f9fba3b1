import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeDcep, encodeAck, encodeOpen, type DataChannelOpen } from '../../src/node/dcep.ts'

const uint16 = fc.integer({ min: 0, max: 0xffff })

const open: fc.Arbitrary<DataChannelOpen> = fc
  .record({
    label: fc.string({ unit: 'grapheme' }),
    protocol: fc.string({ unit: 'grapheme' }),
    ordered: fc.boolean(),
    reliability: fc.oneof(
      fc.constant({}),
      uint16.map((maxRetransmits) => ({ maxRetransmits })),
      uint16.map((maxPacketLifeTime) => ({ maxPacketLifeTime }))
    ),
    priority: uint16
  })
  .map(({ reliability, ...rest }) => ({ ...rest, ...reliability }))

describe('DCEP (RFC 8832)', () => {
  it('writes DATA_CHANNEL_OPEN as §5.1 draws it', () => {
    const message = encodeOpen({
      label: 'é',
      protocol: 'p',
      ordered: false,
      maxRetransmits: 7,
      priority: 256
    })
    assert.deepEqual(
      Buffer.from(message).toString('hex'),
      ['03', '81', '0100', '00000007', '0002', '0001', 'c3a9', '70'].join('')
    )
  })

  it('knows all channel types', () => {
    const types = [
      { ordered: true },
      { ordered: false },
      { ordered: true, maxRetransmits: 1 },
      { ordered: false, maxRetransmits: 1 },
      { ordered: true, maxPacketLifeTime: 1 },
      { ordered: false, maxPacketLifeTime: 1 }
    ].map((reliability) => encodeOpen({ label: '', protocol: '', priority: 0, ...reliability })[1])
    assert.deepEqual(types, [0x00, 0x80, 0x01, 0x81, 0x02, 0x82])
  })

  it('reads what it writes', () => {
    assert.deepEqual(decodeDcep(encodeAck()), { type: 'ack' })
    fc.assert(
      fc.property(open, (value) => {
        assert.deepEqual(decodeDcep(encodeOpen(value)), { type: 'open', ...value })
      })
    )
  })

  it('refuses lengths that do not fit, unknown types and what is not UTF-8', () => {
    const message = encodeOpen({ label: 'label', protocol: 'protocol', ordered: true, priority: 0 })
    for (let length = 0; length < message.length; length++) {
      assert.equal(decodeDcep(message.subarray(0, length)), undefined)
    }
    assert.equal(decodeDcep(Buffer.concat([message, Buffer.alloc(1)])), undefined)
    assert.equal(decodeDcep(Buffer.from([4])), undefined)
    assert.equal(decodeDcep(Uint8Array.from(message, (byte, index) => (index === 1 ? 3 : byte))), undefined)
    assert.equal(
      decodeDcep(Uint8Array.from(message, (byte, index) => (index === 12 ? 0xff : byte))),
      undefined
    )
  })

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        decodeDcep(bytes)
        decodeDcep(Uint8Array.from([3, ...bytes]))
      })
    )
  })
})
