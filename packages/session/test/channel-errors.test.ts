import assert from 'node:assert/strict'
import { AbortError, MessageTooLargeError, PayloadEncodeError, SessionClosedError } from '@hearsay/session'
import { channelPair } from './support/channel-pair.ts'
import { connectPair, makePair } from './support/pair.ts'

describe('bad messages from the application', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular

  it('PayloadEncodeError: what the codec cannot encode; the channel goes on', async () => {
    const { a, b, clock } = await connectPair({
      alice: { channels: { text: { codec: 'text' }, bytes: { codec: 'bytes' } } }
    })
    for (const payload of [undefined, circular, 1n, () => {}]) {
      await assert.rejects(a.channel('default').send(payload), PayloadEncodeError)
    }
    await assert.rejects(a.channel('text').send(5), PayloadEncodeError)
    await assert.rejects(a.channel('text').send('\ud800'), PayloadEncodeError)
    await assert.rejects(a.channel('bytes').send('text'), PayloadEncodeError)
    await Promise.all([a.channel('default').send('fine'), clock.advance(100)])
    assert.equal((await b.channel('default')[Symbol.asyncIterator]().next()).value, 'fine')
  })

  it('PayloadEncodeError: a codec that returns no bytes', async () => {
    const odd = { name: 'odd', encode: () => 'text' as unknown as Uint8Array, decode: () => null }
    const { sender } = await channelPair<null>({ codec: odd })
    await assert.rejects(sender.send(null), PayloadEncodeError)
  })

  it('MessageTooLargeError: over our own limit', async () => {
    const { sender } = await channelPair<Uint8Array>({ codec: 'bytes', maxMessageSize: 1_000 })
    await assert.rejects(sender.send(new Uint8Array(1_001)), MessageTooLargeError)
  })

  it('MessageTooLargeError: over the limit of the peer, also where it was queued before that was known', async () => {
    const { alice, bob, clock } = makePair({
      alice: { channels: { x: { codec: 'bytes' } } },
      bob: { channels: { x: { codec: 'bytes', maxMessageSize: 100_000 } } }
    })
    const session = alice.open(bob.peerId)
    const channel = session.channel<Uint8Array>('x')
    const early = assert.rejects(channel.send(new Uint8Array(100_001)), MessageTooLargeError)
    const dialing = session.dial()
    await clock.advance(1_000)
    await Promise.all([dialing, early])
    await assert.rejects(channel.send(new Uint8Array(100_001)), MessageTooLargeError)
    await Promise.all([channel.send(new Uint8Array(100_000)), clock.advance(100)])
    assert.equal(session.state.name, 'connected')
  })

  it('MessageTooLargeError: more than a frame on a channel that does not split', async () => {
    const { sender } = await channelPair<Uint8Array>({ kind: 'realtime', codec: 'bytes' })
    await assert.rejects(sender.send(new Uint8Array(65_536)), MessageTooLargeError)
    const small = await channelPair<Uint8Array>(
      { kind: 'realtime', codec: 'bytes' },
      { network: { maxMessageSize: 16_384 } }
    )
    await assert.rejects(small.sender.send(new Uint8Array(16_384)), MessageTooLargeError)
  })

  it('AbortError: aborted before, or while it waits; the rest passes', async () => {
    const { sender, receiver, clock } = await channelPair<Uint8Array>(
      { codec: 'bytes', highWatermarkBytes: 70_000 },
      { network: { bytesPerMs: 1_000 } }
    )
    await assert.rejects(sender.send(new Uint8Array(1), { signal: AbortSignal.abort() }), AbortError)
    const abort = new AbortController()
    const large = assert.rejects(sender.send(new Uint8Array(5_000_000), { signal: abort.signal }), AbortError)
    const waiting = assert.rejects(sender.send(new Uint8Array(3), { signal: abort.signal }), AbortError)
    const kept = sender.send(new Uint8Array(4))
    await clock.advance(500)
    abort.abort()
    await clock.advance(1_000)
    await Promise.all([large, waiting, kept])
    assert.equal((await receiver[Symbol.asyncIterator]().next()).value?.length, 4)
    assert.equal(receiver.stats().unreadMessages, 0)
  })

  it('SessionClosedError: after the end, with its reason', async () => {
    const { a, sender, receiver, clock } = await channelPair<string>()
    const closing = a.close({ code: 'shutdown' })
    await clock.advance(5_000)
    await closing
    for (const channel of [sender, receiver]) {
      await assert.rejects(
        channel.send('late'),
        (error: Error) => error instanceof SessionClosedError && error.reason.code === 'shutdown'
      )
    }
    assert.throws(() => a.channel('new'), SessionClosedError)
  })
})
