import assert from 'node:assert/strict'
import {
  AbortError,
  ChannelClosedError,
  jsonCodec,
  MessageTooLargeError,
  PayloadEncodeError,
  SendQueueFullError,
  SessionClosedError,
  SessionOptionError,
  type Channel,
  type ChannelCodec,
  type ChannelOptions
} from '@hearsay/session'
import { SeededRandom } from '@hearsay/testing'
import { pipe } from 'it-pipe'
import { connectPair, makePair, type ConnectedPair, type PairOptions } from './support/pair.ts'

interface Ends<Message> extends ConnectedPair {
  sender: Channel<Message>
  receiver: Channel<Message>
}

/** A channel `x`, declared on both sides. */
async function channelPair<Message>(
  options: ChannelOptions<Message> = {},
  more: PairOptions = {}
): Promise<Ends<Message>> {
  const channels = { x: options as ChannelOptions }
  const pair = await connectPair({ ...more, alice: { channels }, bob: { channels } })
  return { ...pair, sender: pair.a.channel<Message>('x'), receiver: pair.b.channel<Message>('x') }
}

/** What a channel's reader gets until it ends. */
async function readAll<Message>(channel: Channel<Message>): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of channel) messages.push(message)
  return messages
}

describe('channels', () => {
  it('carry messages in order, by for await', async () => {
    const { sender, receiver, a, clock } = await channelPair<number>()
    const received = readAll(receiver)
    for (let index = 0; index < 100; index++) void sender.send(index)
    await clock.advance(100)
    const closing = a.close()
    await clock.advance(5_000)
    await closing
    assert.deepEqual(
      await received,
      Array.from({ length: 100 }, (_, index) => index)
    )
  })

  it('carry messages by event, what came before the listener first', async () => {
    const { sender, receiver, clock } = await channelPair<string>({ codec: 'text' })
    await Promise.all([sender.send('one'), sender.send('two'), clock.advance(100)])
    const received: string[] = []
    receiver.addEventListener('message', ({ detail }) => received.push(detail))
    await Promise.all([sender.send('three'), clock.advance(100)])
    assert.deepEqual(received, ['one', 'two', 'three'])
  })

  it('split and join messages of any size, empty ones included', async () => {
    const { sender, receiver, clock } = await channelPair<Uint8Array>({ codec: 'bytes' })
    const random = new SeededRandom(7)
    const sizes = [0, 1, 65_535, 65_536, 65_537, 262_144, 3_000_000]
    const messages = sizes.map((size) => random.bytes(size))
    const iterator = receiver[Symbol.asyncIterator]()
    for (const message of messages) {
      const sent = sender.send(message)
      const received = iterator.next()
      await clock.advance(5_000)
      await sent
      assert.deepEqual(new Uint8Array((await received).value ?? []), message)
    }
  })

  it('take messages before the session is connected', async () => {
    const { alice, bob, clock } = makePair({ alice: { channels: { x: {} } } })
    const session = alice.open(bob.peerId)
    const sent = session.channel('x').send({ early: true })
    const dialing = session.dial()
    await clock.advance(1_000)
    await Promise.all([dialing, sent])
    const received = bob.session.channel('x')[Symbol.asyncIterator]().next()
    assert.deepEqual((await received).value, { early: true })
  })

  it('exist on the other side without a declaration, announced by an event', async () => {
    const announced: Channel[] = []
    const { a, clock } = await connectPair({
      prepare: (session) => session.addEventListener('channel', ({ detail }) => announced.push(detail)),
      alice: { channels: { declared: { codec: 'text' } } }
    })
    const later = a.channel<Uint8Array>('later', { kind: 'bulk', codec: 'bytes' })
    await Promise.all([later.send(Uint8Array.of(1)), clock.advance(100)])
    assert.deepEqual(
      announced.map(({ label, kind, state }) => [label, kind, state]),
      [
        ['declared', 'reliable', 'open'],
        ['later', 'bulk', 'open']
      ]
    )
    const message = await announced[1]?.[Symbol.asyncIterator]().next()
    assert.deepEqual(message?.value, Uint8Array.of(1))
  })

  it('are one, where both sides open the same label at once', async () => {
    const { a, b, clock } = await connectPair()
    const [one, other] = [a.channel<string>('same'), b.channel<string>('same')]
    await Promise.all([one.send('from a'), other.send('from b'), clock.advance(100)])
    const received = [one[Symbol.asyncIterator]().next(), other[Symbol.asyncIterator]().next()]
    assert.deepEqual(
      (await Promise.all(received)).map(({ value }) => value),
      ['from b', 'from a']
    )
    assert.deepEqual([a.channels.length, b.channels.length], [2, 2])
    const closing = one.close()
    await clock.advance(100)
    await closing
    assert.equal(other.state, 'closed')
  })

  it('have the codec of their declaration: bytes, text, JSON or your own', async () => {
    const dates: ChannelCodec<Date> = {
      name: 'date',
      encode: (date) => jsonCodec.encode(date.getTime()),
      decode: (bytes) => new Date(jsonCodec.decode(bytes) as number)
    }
    const { sender, receiver, clock } = await channelPair<Date>({ codec: dates })
    const sent = new Date(0)
    await Promise.all([sender.send(sent), clock.advance(100)])
    assert.deepEqual((await receiver[Symbol.asyncIterator]().next()).value, sent)
  })

  it('drop a message that their codec cannot read, and report it', async () => {
    const { a, b, clock } = await connectPair({
      alice: { channels: { x: { codec: 'text' } } },
      bob: { channels: { x: { codec: 'json' } } }
    })
    const invalid: Error[] = []
    const receiver = b.channel('x')
    receiver.addEventListener('message:invalid', ({ detail }) => invalid.push(detail))
    const sender = a.channel<string>('x')
    await Promise.all([sender.send('{'), sender.send('{"fine":1}'), clock.advance(100)])
    assert.deepEqual(
      invalid.map(({ name }) => name),
      ['PayloadDecodeError']
    )
    assert.deepEqual((await receiver[Symbol.asyncIterator]().next()).value, { fine: 1 })
    assert.equal(receiver.stats().messagesInvalid, 1)
  })

  it('are duplexes of it-pipe', async () => {
    const { sender, receiver, clock } = await channelPair<number>()
    void pipe(
      receiver,
      async function* (source: AsyncIterable<number>) {
        for await (const value of source) yield value * 2
      },
      receiver
    )
    await Promise.all([pipe([1, 2, 3], sender), clock.advance(200)])
    const iterator = sender[Symbol.asyncIterator]()
    const doubled = [await iterator.next(), await iterator.next(), await iterator.next()]
    assert.deepEqual(
      doubled.map(({ value }) => value),
      [2, 4, 6]
    )
  })

  it('close on both sides when one closes, after what was queued; and can be opened again', async () => {
    const { a, b, clock } = await connectPair({ prepare: () => {} })
    const first = a.channel<number>('x')
    await Promise.all([first.send(1), clock.advance(100)])
    const received = readAll(b.channel('x'))
    void first.send(2)
    const closing = first.close()
    await clock.advance(100)
    await closing
    assert.deepEqual(await received, [1, 2])
    await assert.rejects(first.send(3), ChannelClosedError)
    const again = a.channel<number>('x')
    assert.notEqual(again, first)
    await Promise.all([again.send(4), clock.advance(100)])
    assert.equal((await b.channel('x')[Symbol.asyncIterator]().next()).value, 4)
  })

  it('dispose with await using', async () => {
    const { a, clock } = await connectPair()
    const channel = a.channel('x')
    const disposing = channel[Symbol.asyncDispose]()
    await clock.advance(100)
    await disposing
    assert.equal(channel.state, 'closed')
  })

  it('count what they move', async () => {
    const { sender, receiver, a, clock } = await channelPair<Uint8Array>({ codec: 'bytes' })
    await Promise.all([
      sender.send(new Uint8Array(1_000)),
      sender.send(new Uint8Array(10)),
      clock.advance(100)
    ])
    const sent = sender.stats()
    const received = receiver.stats()
    assert.deepEqual([sent.messagesSent, received.messagesReceived, received.unreadMessages], [2, 2, 2])
    assert.ok(sent.bytesSent >= 1_010 && received.bytesReceived >= 1_010)
    assert.equal(a.stats().messagesSent, 2)
    await Promise.all([sender.close(), clock.advance(100)])
    assert.equal(a.stats().messagesSent, 2, 'closed channels count')
  })

  it('are bounded in number', async () => {
    const { a } = await connectPair()
    for (let index = 0; index < 255; index++) a.channel(`c${index}`)
    assert.throws(() => a.channel('one more'), SessionOptionError)
  })
})

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
