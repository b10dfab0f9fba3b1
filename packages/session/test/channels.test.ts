import assert from 'node:assert/strict'
import {
  ChannelClosedError,
  jsonCodec,
  SessionOptionError,
  type Channel,
  type ChannelCodec
} from '@hearsay/session'
import { SeededRandom } from '@hearsay/testing'
import { pipe } from 'it-pipe'
import { channelPair, readAll } from './support/channel-pair.ts'
import { connectPair, makePair } from './support/pair.ts'

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

  it('show the mark of a message to its receiver, who drops what it knows already', async () => {
    const asked: unknown[] = []
    const channels = { x: {} }
    const acceptMarked = (label: string, mark: number): boolean => {
      asked.push([label, mark])
      return mark !== 2
    }
    const { a, b, clock } = await connectPair({ alice: { channels }, bob: { channels, acceptMarked } })
    const received = readAll(b.channel('x'))
    const sender = a.channel('x')
    void sender.send('unmarked')
    for (const mark of [1, 2, 2 ** 40]) void sender.send(`mark ${mark}`, { mark })
    for (const mark of [-1, 0.5]) await assert.rejects(sender.send('none', { mark }), SessionOptionError)
    await clock.advance(100)
    const closing = a.close()
    await clock.advance(5_000)
    await closing
    assert.deepEqual(await received, ['unmarked', 'mark 1', `mark ${2 ** 40}`])
    assert.deepEqual(asked, [
      ['x', 1],
      ['x', 2],
      ['x', 2 ** 40]
    ])
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

  it('lose nothing that is sent as soon as they are announced', async () => {
    const { a, clock } = await connectPair({
      prepare: (session) => session.addEventListener('channel', ({ detail }) => void detail.send('welcome'))
    })
    const channel = a.channel<string>('later')
    const received: string[] = []
    channel.addEventListener('message', ({ detail }) => received.push(detail))
    await clock.advance(100)
    assert.deepEqual(received, ['welcome'])
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
