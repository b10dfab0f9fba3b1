import assert from 'node:assert/strict'
import {
  AbortError,
  HandlerExistsError,
  MessageTypeError,
  NoHandlerError,
  PayloadDecodeError,
  PayloadEncodeError,
  RemoteHandlerError,
  RequestTimeoutError,
  SessionClosedError,
  SessionOptionError,
  TooManyRequestsError,
  type HandlerContext,
  type HandlerErrorDetail
} from '@hearsay/session'
import { connectPair } from './support/pair.ts'

describe('request and handle', () => {
  it('route by message type, each to its handler', async () => {
    const { a, b, clock } = await connectPair()
    b.handle('add', ([one, other]: [number, number]) => one + other)
    b.handle('name', async (_: unknown, { remotePeer, channel, type }: HandlerContext) => {
      await Promise.resolve()
      return [remotePeer, channel, type]
    })
    const replies = Promise.all([a.request('add', [1, 2]), a.request('name'), a.request('add', [3, 4])])
    await clock.advance(100)
    assert.deepEqual(await replies, [3, [b.remotePeer, 'default', 'name'], 7])
  })

  it('work both ways at once, inside handlers too', async () => {
    const { a, b, clock } = await connectPair()
    a.handle('inner', (text: string) => text.toUpperCase())
    b.handle('outer', async (text: string) => `${await b.request<string>('inner', text)}!`)
    const reply = a.request('outer', 'hi')
    await clock.advance(100)
    assert.equal(await reply, 'HI!')
  })

  it('carry undefined both ways', async () => {
    const { a, b, clock } = await connectPair()
    const seen: unknown[] = []
    b.handle('nothing', (payload: unknown) => void seen.push(payload))
    const reply = a.request('nothing')
    await clock.advance(100)
    assert.equal(await reply, undefined)
    assert.deepEqual(seen, [undefined])
  })

  it('carry large payloads both ways', async () => {
    const { a, b, clock } = await connectPair()
    b.handle('echo', (payload: string) => payload)
    const text = 'x'.repeat(1_000_000)
    const reply = a.request('echo', text)
    await clock.advance(5_000)
    assert.equal(await reply, text)
  })

  it('work on any channel, with its codec', async () => {
    const channels = { raw: { codec: 'bytes' as const }, fast: { kind: 'realtime' as const } }
    const { a, b, clock } = await connectPair({ alice: { channels }, bob: { channels } })
    b.channel<Uint8Array>('raw').handle('reverse', (bytes: Uint8Array) => bytes.slice().reverse())
    b.channel('fast').handle('ping', () => 'pong')
    const replies = Promise.all([
      a.channel('raw').request('reverse', Uint8Array.of(1, 2, 3)),
      a.channel('fast').request('ping')
    ])
    await clock.advance(100)
    assert.deepEqual(await replies, [Uint8Array.of(3, 2, 1), 'pong'])
  })

  it('notify runs the handler without a reply; without a handler nothing happens', async () => {
    const { a, b, clock } = await connectPair()
    const seen: unknown[] = []
    b.handle('event', (payload: unknown) => void seen.push(payload))
    await Promise.all([
      a.notify('event', 1),
      a.notify('unknown', 2),
      a.notify('event', 3),
      clock.advance(100)
    ])
    assert.deepEqual(seen, [1, 3])
  })

  it('are answered even where nobody reads the plain messages of the channel', async () => {
    const { a, b, clock } = await connectPair()
    a.handle('ping', () => 'pong')
    const stuck = a.channel('default').send('x'.repeat(900_000))
    const stuckToo = Promise.allSettled(
      Array.from({ length: 20 }, () => a.channel('default').send('x'.repeat(100_000)))
    )
    await clock.advance(1_000)
    await stuck
    const reply = b.request('ping')
    await clock.advance(100)
    assert.equal(await reply, 'pong')
    const closing = a.close()
    await clock.advance(10_000)
    await Promise.all([closing, stuckToo])
  })
})

describe('a handler that fails', () => {
  it('is contained: the requester learns its message, others go on, an event tells of it', async () => {
    const { a, b, clock } = await connectPair()
    const errors: HandlerErrorDetail[] = []
    b.addEventListener('handler:error', ({ detail }) => errors.push(detail))
    b.handle('throws', () => {
      throw new TypeError('no such cake')
    })
    b.handle('rejects', () => Promise.reject(new Error('later')))
    b.handle('odd', () => AbortSignal.abort('no Error').throwIfAborted())
    b.handle('works', () => 'fine')
    const outcomes = Promise.allSettled(
      ['throws', 'works', 'rejects', 'odd', 'works'].map((type) => a.request(type))
    )
    const notified = a.notify('throws')
    await clock.advance(100)
    await notified
    const [first, second, third, fourth, fifth] = await outcomes
    assert.ok(first?.status === 'rejected' && first.reason instanceof RemoteHandlerError)
    assert.deepEqual([first.reason.message, first.reason.remoteCode], ['no such cake', 'handler-failed'])
    assert.ok(!(first.reason.stack ?? '').includes('handlers.test.ts:9'), 'no stack of the peer')
    assert.ok(third?.status === 'rejected' && third.reason instanceof RemoteHandlerError)
    assert.equal(third.reason.message, 'later')
    assert.ok(fourth?.status === 'rejected' && fourth.reason instanceof RemoteHandlerError)
    assert.deepEqual(
      [second, fifth],
      [
        { status: 'fulfilled', value: 'fine' },
        { status: 'fulfilled', value: 'fine' }
      ]
    )
    assert.deepEqual(
      errors.map(({ type, channel }) => [type, channel]).sort(),
      [['odd'], ['rejects'], ['throws'], ['throws']].map(([type]) => [type, 'default'])
    )
    assert.equal(b.state.name, 'connected')
  })

  it('cannot answer with what the codec cannot encode', async () => {
    const { a, b, clock } = await connectPair()
    const errors: HandlerErrorDetail[] = []
    b.addEventListener('handler:error', ({ detail }) => errors.push(detail))
    b.handle('big', () => 10n)
    const reply = assert.rejects(
      a.request('big'),
      (error: Error) => error instanceof RemoteHandlerError && error.remoteCode === 'bad-response'
    )
    await clock.advance(100)
    await reply
    assert.ok(errors[0]?.error instanceof PayloadEncodeError)
  })

  it('is not even called with what cannot be decoded', async () => {
    const { a, b, clock } = await connectPair({
      alice: { channels: { x: { codec: 'text' } } },
      bob: { channels: { x: { codec: 'json' } } }
    })
    let calls = 0
    b.channel('x').handle('count', () => ++calls)
    const reply = assert.rejects(
      a.channel('x').request('count', 'no JSON'),
      (error: Error) => error instanceof RemoteHandlerError && error.remoteCode === 'bad-payload'
    )
    await clock.advance(100)
    await reply
    assert.equal(calls, 0)
  })
})

describe('a request that fails', () => {
  it('NoHandlerError: nobody handles its type, or no longer', async () => {
    const { a, b, clock } = await connectPair()
    b.handle('gone', () => 1)
    b.unhandle('gone')
    const replies = ['gone', 'never'].map((type) => assert.rejects(a.request(type), NoHandlerError))
    await clock.advance(100)
    await Promise.all(replies)
  })

  it('RequestTimeoutError: the handler is aborted, a late response changes nothing', async () => {
    const { a, b, clock } = await connectPair()
    const late = Promise.withResolvers<string>()
    let signal: AbortSignal | undefined
    b.handle('slow', (_: unknown, context: HandlerContext) => {
      signal = context.signal
      return late.promise
    })
    const reply = assert.rejects(a.request('slow', null, { timeoutMs: 500 }), RequestTimeoutError)
    await clock.advance(600)
    await reply
    assert.equal(signal?.aborted, true)
    late.resolve('too late')
    await clock.advance(100)
    assert.equal(a.channel('default').stats().pendingRequests, 0)
    assert.equal(b.channel('default').stats().runningHandlers, 0)
  })

  it('AbortError: through its signal; the handler is aborted too', async () => {
    const { a, b, clock } = await connectPair()
    const aborted = Promise.withResolvers<unknown>()
    b.handle('slow', (_: unknown, { signal }: HandlerContext) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      return new Promise(() => {})
    })
    const abort = new AbortController()
    const reply = assert.rejects(a.request('slow', null, { signal: abort.signal }), AbortError)
    await clock.advance(100)
    abort.abort()
    await clock.advance(100)
    await reply
    assert.ok((await aborted.promise) instanceof AbortError)
    await assert.rejects(a.request('slow', null, { signal: AbortSignal.abort() }), AbortError)
  })

  it('AbortError: in the middle of a large response; the next is not harmed', async () => {
    const { a, b, clock } = await connectPair({ network: { bytesPerMs: 100 } })
    b.handle('large', () => 'x'.repeat(3_000_000))
    b.handle('small', () => 'y')
    const abort = new AbortController()
    const reply = assert.rejects(a.request('large', null, { signal: abort.signal }), AbortError)
    await clock.advance(5_000)
    abort.abort()
    await reply
    const next = a.request('small')
    await clock.advance(20_000)
    assert.equal(await next, 'y')
    assert.ok(a.stats().bytesReceived < 2_500_000)
  })

  it('PayloadEncodeError and PayloadDecodeError: our own codec', async () => {
    const { a, b, clock } = await connectPair({
      alice: { channels: { x: { codec: 'json' } } },
      bob: { channels: { x: { codec: 'text' } } }
    })
    await assert.rejects(a.request('x', 1n), PayloadEncodeError)
    b.channel('x').handle('text', () => 'no JSON')
    const reply = assert.rejects(a.channel('x').request('text'), PayloadDecodeError)
    await clock.advance(100)
    await reply
  })

  it('TooManyRequestsError: more than may wait', async () => {
    const { a, clock } = await connectPair({ alice: { channels: { x: { maxPendingRequests: 3 } } } })
    const channel = a.channel('x')
    const waiting = Array.from({ length: 3 }, () => channel.request('x').catch(() => {}))
    await assert.rejects(channel.request('x'), TooManyRequestsError)
    await clock.advance(100)
    await Promise.all(waiting)
  })

  it('SessionClosedError: the session ends while it waits', async () => {
    const { a, b, clock } = await connectPair()
    b.handle('slow', () => new Promise(() => {}))
    const reply = assert.rejects(a.request('slow'), SessionClosedError)
    await clock.advance(100)
    const closing = b.close()
    await clock.advance(5_000)
    await Promise.all([reply, closing])
  })

  it('MessageTypeError, SessionOptionError, HandlerExistsError: misuse is named', async () => {
    const { a } = await connectPair()
    await assert.rejects(a.request(''), MessageTypeError)
    await assert.rejects(a.request('x'.repeat(129)), MessageTypeError)
    await assert.rejects(a.request('x', null, { timeoutMs: 0 }), SessionOptionError)
    assert.throws(() => a.handle('', () => 1), MessageTypeError)
    a.handle('twice', () => 1)
    assert.throws(() => a.handle('twice', () => 2), HandlerExistsError)
  })
})

describe('many requests', () => {
  it('run no more handlers at a time than allowed, and all are answered', async () => {
    const { a, b, clock } = await connectPair({ bob: { channels: { default: { maxRunningHandlers: 4 } } } })
    let running = 0
    let most = 0
    b.handle('work', async (value: number) => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10))
      running--
      return value
    })
    const replies = Promise.all(Array.from({ length: 100 }, (_, index) => a.request('work', index)))
    await clock.advance(1_000)
    assert.deepEqual(
      await replies,
      Array.from({ length: 100 }, (_, index) => index)
    )
    assert.equal(most, 4)
  })

  it('do not run where they were cancelled while they waited for their turn; the others do', async () => {
    const { a, b, clock } = await connectPair({ bob: { channels: { default: { maxRunningHandlers: 1 } } } })
    const ran: number[] = []
    const first = Promise.withResolvers<undefined>()
    b.handle('work', async (value: number) => {
      ran.push(value)
      if (value === 0) await first.promise
      return value
    })
    const abort = new AbortController()
    const replies = [0, 1, 2].map((value) =>
      a.request('work', value, value === 1 ? { signal: abort.signal } : {})
    )
    const outcomes = Promise.allSettled(replies)
    await clock.advance(100)
    abort.abort()
    await clock.advance(100)
    assert.equal(b.channel('default').stats().runningHandlers, 1)
    first.resolve(undefined)
    await clock.advance(100)
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled']
    )
    assert.deepEqual(ran, [0, 2])
  })

  it('wait in the receive window where handlers are slow: the sender of notifications is held back', async () => {
    const { a, b, clock } = await connectPair({
      bob: { channels: { default: { receiveWindowBytes: 262_144 } } }
    })
    b.handle('slow', () => new Promise(() => {}))
    let sent = 0
    const sending = (async () => {
      for (; sent < 1_000; sent++) await a.notify('slow', 'x'.repeat(10_000))
    })()
    sending.catch(() => {})
    await clock.advance(10_000)
    assert.ok(sent < 60)
    const closing = b.close()
    await clock.advance(10_000)
    await closing
  })
})
