import assert from 'node:assert/strict'
import { SessionClosedError, type CloseReason, type PeerSession } from '@hearsay/session'
import type { FakePeerConnection } from './support/fake-peer-connection.ts'
import { connectPair, type ConnectedPair } from './support/pair.ts'

function reasonOf(session: PeerSession): CloseReason {
  const { state } = session
  assert.equal(state.name, 'closed')
  return (state as { reason: CloseReason }).reason
}

function assertNothingLeft({ clock, network }: ConnectedPair): void {
  assert.equal(clock.pendingTimers, 0, 'timers are left')
  assert.equal(network.open.length, 0, 'peer connections are left')
}

function remoteOf(pair: ConnectedPair): FakePeerConnection {
  const connection = [...pair.network.connections].find(
    ({ ufrag }) => ufrag !== undefined && !mine(pair, ufrag)
  )
  assert.ok(connection !== undefined)
  return connection
}

/** Alice dials first, so hers is the first connection. */
function mine({ network }: ConnectedPair, ufrag: string): boolean {
  return [...network.connections][0]?.ufrag === ufrag
}

describe('close()', () => {
  it('gives both sides the same reason, in the state, the history and the event', async () => {
    const reasons: CloseReason[] = []
    const pair = await connectPair({
      prepare: (session) => session.addEventListener('closed', ({ detail }) => reasons.push(detail))
    })
    const closing = pair.a.close({ code: 'moved-house', message: 'see you at the new place' })
    await pair.clock.advance(5_000)
    await closing
    const reason = { code: 'moved-house', message: 'see you at the new place' }
    assert.deepEqual(reasonOf(pair.a), { ...reason, by: 'local' })
    assert.deepEqual(reasonOf(pair.b), { ...reason, by: 'remote' })
    assert.deepEqual(
      reasons.map(({ by }) => by),
      ['local', 'remote']
    )
    assert.match(pair.b.history.at(-2)?.reason ?? '', /moved-house: see you/)
    assertNothingLeft(pair)
  })

  it('delivers everything that was accepted before, on every reliable channel', async () => {
    const channels = { x: {}, files: { kind: 'bulk' as const, codec: 'bytes' as const } }
    const pair = await connectPair({ alice: { channels }, bob: { channels }, network: { bytesPerMs: 1_000 } })
    const { a, b, clock } = pair
    const sent = Promise.all([
      ...Array.from({ length: 50 }, (_, index) => a.channel('x').send(index)),
      a.channel('files').send(new Uint8Array(900_000))
    ])
    const closing = a.close()
    await assert.rejects(a.channel('x').send('too late'), SessionClosedError)
    await clock.advance(10_000)
    await Promise.all([sent, closing])
    const received: unknown[] = []
    for await (const message of b.channels.length === 0 ? [] : b.channel('x')) received.push(message)
    assertNothingLeft(pair)
    assert.equal(reasonOf(b).code, 'normal')
    assert.ok(b.stats().bytesReceived > 900_000)
    assert.equal(b.stats().messagesReceived, 51)
  })

  it('lets readers finish what was received, then ends them', async () => {
    const channels = { x: {} }
    const pair = await connectPair({ alice: { channels }, bob: { channels } })
    const receiver = pair.b.channel<number>('x')
    await Promise.all([pair.a.channel('x').send(1), pair.a.channel('x').send(2), pair.clock.advance(100)])
    const closing = pair.a.close()
    await pair.clock.advance(5_000)
    await closing
    const received: number[] = []
    for await (const message of receiver) received.push(message)
    assert.deepEqual(received, [1, 2])
  })

  it('gives up flushing after its deadline, and earlier when its signal aborts', async () => {
    for (const cut of [false, true]) {
      const pair = await connectPair({
        alice: { timeouts: { flushTimeoutMs: 1_000 } },
        bob: { timeouts: { flushTimeoutMs: 1_000 } }
      })
      // Nobody reads it: it cannot all go.
      const stuck = Array.from({ length: 30 }, () => pair.a.channel('default').send('x'.repeat(100_000)))
      const outcomes = Promise.allSettled(stuck)
      await pair.clock.advance(1_000)
      const before = pair.clock.now()
      const abort = new AbortController()
      const closing = pair.a.close({}, { signal: abort.signal })
      if (cut) abort.abort()
      await pair.clock.advance(10_000)
      await closing
      const failed = (await outcomes).filter(({ status }) => status === 'rejected')
      assert.ok(failed.length > 10 && failed.length < 30)
      const took = (pair.a.history.at(-1)?.time ?? 0) - before
      assert.ok(cut ? took < 10 : took >= 1_000 && took <= 2_100, `${took} ms`)
      assertNothingLeft(pair)
    }
  })

  it('is idempotent; every call waits for the one end', async () => {
    const pair = await connectPair()
    const calls = [
      pair.a.close({ code: 'one' }),
      pair.a.close({ code: 'two' }),
      pair.a[Symbol.asyncDispose]()
    ]
    await pair.clock.advance(5_000)
    await Promise.all(calls)
    await pair.a.close()
    assert.equal(reasonOf(pair.a).code, 'one')
    assertNothingLeft(pair)
  })

  it('ends both where both close at once', async () => {
    const pair = await connectPair()
    const closing = Promise.all([pair.a.close({ code: 'a' }), pair.b.close({ code: 'b' })])
    await pair.clock.advance(5_000)
    await closing
    assertNothingLeft(pair)
  })

  describe('by way of signaling', () => {
    let signals = 0

    async function connect(): Promise<ConnectedPair> {
      const pair = await connectPair({ onSignal: () => signals++ })
      await pair.clock.advance(1_000)
      signals = 0
      return pair
    }

    for (const who of ['a', 'b'] as const) {
      it(`says nothing where both sides know of it by the connection, when ${who} closes`, async () => {
        const pair = await connect()
        const closing = pair[who].close()
        await pair.clock.advance(5_000)
        await closing
        assert.deepEqual([reasonOf(pair.a).code, reasonOf(pair.b).code], ['normal', 'normal'])
        assert.equal(signals, 0)
        assertNothingLeft(pair)
      })
    }

    it('says nothing where both close at once', async () => {
      const pair = await connect()
      const closing = Promise.all([pair.a.close(), pair.b.close()])
      await pair.clock.advance(5_000)
      await closing
      assert.equal(signals, 0)
    })

    it('tells a peer that has not said that it knows', async () => {
      const pair = await connect()
      remoteOf(pair).crash()
      const closing = pair.a.close()
      await pair.clock.advance(2_100)
      await closing
      assert.equal(signals, 1, 'before it can have noticed by itself')
    })

    it('tells the peer where the connection broke', async () => {
      const pair = await connect()
      for (const connection of pair.network.open) connection.fail()
      await pair.clock.advance(5_000)
      assert.equal(signals, 2, 'each the other')
    })
  })

  it('of a session that was never used leaves nothing', async () => {
    const pair = await connectPair()
    const unused = pair.alice.open(pair.bob.peerId)
    await unused.close()
    assert.equal(unused.state.name, 'closed')
    await assert.rejects(unused.waitForConnected(), SessionClosedError)
  })
})

describe('a session that is lost', () => {
  it('is given up when a peer falls silent while data moved lately, after suspicion', async () => {
    const pair = await connectPair()
    const { a, b, clock } = pair
    b.handle('ping', () => 'pong')
    await Promise.all([a.request('ping'), clock.advance(1_000)])
    remoteOf(pair).crash()
    const lastHeard = clock.now()
    await clock.advance(3_000)
    assert.equal(a.state.name, 'recovering')
    await clock.advance(10_000)
    const { code, by } = reasonOf(a)
    assert.deepEqual([code, by], ['connection-lost', 'local'])
    const end = a.history.at(-1)?.time ?? 0
    assert.ok(end - lastHeard <= 6_000, `${end - lastHeard} ms`)
  })

  it('is given up when an idle peer falls silent', async () => {
    const pair = await connectPair()
    await pair.clock.advance(60_000)
    assert.deepEqual([pair.a.state.name, pair.b.state.name], ['connected', 'connected'], 'idle is no silence')
    assert.ok((pair.a.stats().roundTripMs ?? 0) >= 10)
    remoteOf(pair).crash()
    await pair.clock.advance(20_000)
    assert.equal(pair.a.state.name, 'connected')
    await pair.clock.advance(30_000)
    assert.equal(reasonOf(pair.a).code, 'connection-lost')
  })

  const standing: [what: string, stand: (pair: ConnectedPair) => Promise<void>, isSoon: boolean][] = [
    [
      'within seconds where somebody stands on a channel',
      async ({ a }) => a.standOn(a.channel('default')),
      true
    ],
    [
      'no sooner than else once that channel is closed',
      async ({ a, clock }) => {
        const channel = a.channel('link')
        a.standOn(channel)
        await Promise.all([channel.close(), clock.advance(100)])
      },
      false
    ],
    [
      'no sooner than else where it was closed before',
      async ({ a, clock }) => {
        const channel = a.channel('link')
        await Promise.all([channel.close(), clock.advance(100)])
        a.standOn(channel)
      },
      false
    ]
  ]
  for (const [what, stand, isSoon] of standing) {
    it(`is noticed ${what}, though nothing moves`, async () => {
      const pair = await connectPair()
      await stand(pair)
      await pair.clock.advance(60_000)
      remoteOf(pair).crash()
      await pair.clock.advance(10_000)
      assert.equal(pair.a.state.name, isSoon ? 'closed' : 'connected')
      await pair.clock.advance(50_000)
      assert.equal(reasonOf(pair.a).code, 'connection-lost')
    })
  }

  it('goes on where the peer is heard again in time', async () => {
    const pair = await connectPair()
    const { a, clock } = pair
    const remote = remoteOf(pair)
    await Promise.all([a.notify('x'), clock.advance(100)])
    remote.crash()
    await clock.advance(3_500)
    assert.equal(a.state.name, 'recovering')
    remote.crashed = false
    await clock.advance(1_000)
    assert.equal(a.state.name, 'connected')
    assert.deepEqual(
      a.history.slice(-2).map(({ reason }) => reason),
      ['suspected', 'heard-again']
    )
  })

  it('ends when ICE or DTLS fails', async () => {
    const pair = await connectPair()
    for (const connection of pair.network.open) connection.fail()
    await pair.clock.advance(1_000)
    assert.deepEqual([reasonOf(pair.a).code, reasonOf(pair.b).code], ['connection-lost', 'connection-lost'])
    assertNothingLeft(pair)
  })

  it('ends when the peer connection is torn down below it', async () => {
    const pair = await connectPair()
    for (const connection of pair.network.open) connection.close()
    await pair.clock.advance(1_000)
    assert.deepEqual([reasonOf(pair.a).code, reasonOf(pair.b).code], ['connection-lost', 'connection-lost'])
    assertNothingLeft(pair)
  })

  it('fails what waits: readers, senders, requests', async () => {
    const channels = { x: {} }
    const pair = await connectPair({ alice: { channels }, bob: { channels } })
    const { a, b, clock } = pair
    b.handle('slow', () => new Promise(() => {}))
    const isLost = (error: Error): boolean =>
      error instanceof SessionClosedError && error.reason.code === 'connection-lost'
    const failures = Promise.all([
      assert.rejects(a.request('slow'), isLost),
      assert.rejects(a.channel('x')[Symbol.asyncIterator]().next(), isLost),
      assert.rejects(a.channel('x').send('x'.repeat(3_000_000)), isLost)
    ])
    await clock.advance(100)
    for (const connection of pair.network.open) connection.fail()
    await clock.advance(1_000)
    await failures
  })
})

describe('a peer that begins anew', () => {
  it('ends the old session as replaced, and has a new one', async () => {
    const pair = await connectPair()
    const { a, b, alice, bob, clock } = pair
    const again = alice.open(bob.peerId)
    const dialing = again.dial()
    await clock.advance(5_000)
    await dialing
    assert.equal(reasonOf(b).code, 'replaced')
    assert.equal(reasonOf(a).code, 'replaced')
    assert.equal(bob.session.state.name, 'connected')
    assert.notEqual(bob.session, b)
    assert.equal(pair.network.open.length, 2)
  })
})
