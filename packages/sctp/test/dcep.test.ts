import fc from 'fast-check'
import assert from 'node:assert/strict'
import { decodeDcepMessage, encodeDcepMessage, type DataChannelOpen } from '../src/index.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('DCEP (RFC 8832)', () => {
  const base: DataChannelOpen = { type: 'open', ordered: true, priority: 256, label: 'é', protocol: 'p' }

  it('has the layout of section 5.1, lengths counted in bytes', () => {
    assert.equal(hex(encodeDcepMessage(base)), '0300010000000000' + '00020001' + 'c3a9' + '70')
    assert.equal(hex(encodeDcepMessage({ type: 'ack' })), '02')
  })

  it('tells the six channel types apart', () => {
    const types = [
      { ...base },
      { ...base, maxRetransmits: 0 },
      { ...base, maxPacketLifeTimeMs: 70_000 },
      { ...base, ordered: false },
      { ...base, ordered: false, maxRetransmits: 7 },
      { ...base, ordered: false, maxPacketLifeTimeMs: 1 }
    ]
    assert.deepEqual(
      types.map((open) => encodeDcepMessage(open)[1]),
      [0, 1, 2, 0x80, 0x81, 0x82]
    )
    for (const open of types) {
      assert.deepEqual(decodeDcepMessage(encodeDcepMessage(open)), open)
    }
  })

  it('reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.nat(65535),
        fc.boolean(),
        (label, protocol, priority, ordered) => {
          const open: DataChannelOpen = { type: 'open', ordered, priority, label, protocol }
          assert.deepEqual(decodeDcepMessage(encodeDcepMessage(open)), open)
        }
      )
    )
  })

  it('refuses what is not DCEP', () => {
    for (const wrong of [
      '',
      '03',
      '04',
      '0300010000000000000200',
      '0303010000000000' + '00000000',
      '0300010000000000' + '00020001' + 'c3a9',
      '0300010000000000' + '00010000' + 'ff',
      '0300010000000000' + '00000000' + '00'
    ]) {
      assert.equal(decodeDcepMessage(Buffer.from(wrong, 'hex')), undefined, wrong)
    }
  })

  it('refuses a label that its length field cannot tell', () => {
    assert.throws(() => encodeDcepMessage({ ...base, label: 'é'.repeat(32_768) }), {
      code: 'ERR_SCTP_LABEL_TOO_LONG'
    })
  })
})
