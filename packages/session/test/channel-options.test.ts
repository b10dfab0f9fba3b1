import assert from 'node:assert/strict'
import { resolveChannelOptions, type ChannelOptions } from '../src/channels/channel-options.ts'
import { jsonCodec } from '../src/channels/codec.ts'
import { SessionOptionError } from '../src/errors.ts'

describe('channel options', () => {
  const faulty: [options: ChannelOptions, fault: RegExp][] = [
    [{ kind: 'fast' as 'bulk' }, /kind/],
    [{ priority: 'urgent' as 'high' }, /priority/],
    [{ codec: 'xml' as 'json' }, /codec/],
    [{ codec: { name: 'own' } as never }, /codec/],
    [{ codec: { ...jsonCodec, name: 'two words' } }, /codec/],
    [{ maxRetransmits: -1 }, /maxRetransmits/],
    [{ maxRetransmits: 1, maxPacketLifeTime: 1 }, /exclude/],
    [{ highWatermarkBytes: 0 }, /highWatermarkBytes/],
    [{ highWatermarkBytes: 10, lowWatermarkBytes: 11 }, /lowWatermarkBytes/],
    [{ maxMessageSize: 1.5 }, /maxMessageSize/],
    [{ kind: 'realtime', maxMessageSize: 100_000 }, /maxMessageSize/],
    [{ receiveWindowBytes: 1_000 }, /receiveWindowBytes/]
  ]
  for (const [options, fault] of faulty) {
    it(`names the option at fault: ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => resolveChannelOptions('x', options),
        (error: Error) => error instanceof SessionOptionError && fault.test(error.message)
      )
    })
  }

  for (const label of ['', 'hearsay', 'ä'.repeat(33)]) {
    it(`refuses the label "${label.slice(0, 10)}"`, () => {
      assert.throws(() => resolveChannelOptions(label), SessionOptionError)
    })
  }

  it('gives each kind its preset', () => {
    const { ordered, maxRetransmits, reliable, splits, priority } = resolveChannelOptions('x', {
      kind: 'realtime'
    })
    assert.deepEqual([ordered, maxRetransmits, reliable, splits, priority], [false, 0, false, false, 'high'])
    assert.equal(resolveChannelOptions('x', { kind: 'bulk' }).priority, 'low')
    assert.equal(resolveChannelOptions('x').splits, true)
    assert.equal(
      resolveChannelOptions('x', { kind: 'realtime', maxPacketLifeTime: 100 }).maxRetransmits,
      undefined
    )
  })
})
