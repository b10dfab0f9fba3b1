import assert from 'node:assert/strict'
import { SendQueueFullError } from '@hearsay/session'
import { channelPair } from './support/channel-pair.ts'
import { connectPair } from './support/pair.ts'

describe('backpressure', () => {
  it('send() waits above the high watermark and goes on at the low one', async () => {
    const { sender, receiver, clock } = await channelPair<Uint8Array>(
      { codec: 'bytes', highWatermarkBytes: 40_000, lowWatermarkBytes: 12_000 },
      { network: { bytesPerMs: 100 } }
    )
    receiver.addEventListener('message', () => {})
    let sent = 0
    const sending = (async () => {
      for (; sent < 50; sent++) await sender.send(new Uint8Array(10_000))
    })()
    await clock.advance(0)
    assert.equal(sent, 4)
    await clock.advance(100)
    assert.equal(sent, 4, 'one message left the buffer, three are above the low watermark')
    await clock.advance(250)
    assert.ok(sent >= 7)
    let highest = 0
    while (sent < 50) {
      highest = Math.max(highest, sender.bufferedAmount)
      await clock.advance(10)
    }
    await sending
    assert.ok(highest <= 60_000)
  })

  it('a receiver that does not read stops the sender, and reading lets it go on; nothing is lost', async () => {
    const { sender, receiver, clock } = await channelPair<Uint8Array>({
      codec: 'bytes',
      receiveWindowBytes: 300_000
    })
    let sent = 0
    const sending = (async () => {
      for (; sent < 200; sent++) await sender.send(Uint8Array.from({ length: 10_000 }, () => sent))
    })()
    await clock.advance(10_000)
    assert.ok(sent < 60, `${sent} messages went`)
    const before = sent
    await clock.advance(60_000)
    assert.equal(sent, before)
    const iterator = receiver[Symbol.asyncIterator]()
    for (let index = 0; index < 200; index++) {
      const next = iterator.next()
      await clock.advance(20)
      assert.equal((await next).value?.[0], index)
    }
    await sending
  })

  it('a message larger than the receive window passes', async () => {
    const { sender, receiver, clock } = await channelPair<Uint8Array>({
      codec: 'bytes',
      receiveWindowBytes: 262_144
    })
    const next = receiver[Symbol.asyncIterator]().next()
    await Promise.all([sender.send(new Uint8Array(5_000_000)), clock.advance(20_000)])
    assert.equal((await next).value?.length, 5_000_000)
  })

  it('a realtime channel drops the oldest instead', async () => {
    const { sender, receiver, clock } = await channelPair<number>({ kind: 'realtime', receiveQueueLength: 3 })
    for (let index = 0; index < 10; index++) await Promise.all([sender.send(index), clock.advance(10)])
    const iterator = receiver[Symbol.asyncIterator]()
    const received = [await iterator.next(), await iterator.next(), await iterator.next()]
    assert.deepEqual(
      received.map(({ value }) => value),
      [7, 8, 9]
    )
    assert.equal(receiver.stats().messagesDropped, 7)
  })

  it('a realtime channel goes on where packets are lost', async () => {
    const { sender, receiver, clock } = await channelPair<number>(
      { kind: 'realtime' },
      { network: { loss: 0.5 } }
    )
    for (let index = 0; index < 100; index++) await Promise.all([sender.send(index), clock.advance(5)])
    const { unreadMessages } = receiver.stats()
    assert.ok(unreadMessages > 20 && unreadMessages < 80)
  })

  it('urgent messages do not wait behind a busy bulk channel', async () => {
    const channels = {
      files: { kind: 'bulk' as const, codec: 'bytes' as const },
      chat: { priority: 'high' as const }
    }
    const { a, b, clock } = await connectPair({
      network: { bytesPerMs: 100 },
      alice: { channels },
      bob: { channels }
    })
    b.channel('files').addEventListener('message', () => {})
    void a
      .channel('files')
      .send(new Uint8Array(20_000_000))
      .catch(() => {})
    await clock.advance(1_000)
    const sent = a.channel('chat').send('hello')
    await clock.advance(0)
    await sent
    assert.ok(a.channel('files').bufferedAmount > 10_000_000)
  })

  it('SendQueueFullError: send() called without waiting, without end', async () => {
    const { sender } = await channelPair<Uint8Array>({ codec: 'bytes' }, { network: { bytesPerMs: 1 } })
    const message = new Uint8Array(60_000_000)
    const sending = [sender.send(message), sender.send(message)]
    await assert.rejects(sender.send(message), SendQueueFullError)
    for (const each of sending) each.catch(() => {})
    const many = await channelPair<null>({}, { network: { bytesPerMs: 1 } })
    for (let index = 0; index < 100_000; index++) many.sender.send(null).catch(() => {})
    await assert.rejects(many.sender.send(null), SendQueueFullError)
  })
})
