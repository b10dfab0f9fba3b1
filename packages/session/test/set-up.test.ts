import assert from 'node:assert/strict'
import {
  AbortError,
  AnswerTimeoutError,
  ConnectError,
  ConnectTimeoutError,
  NegotiationError,
  OfferTimeoutError,
  PeerConnectionError,
  PeerSession,
  RefusedError,
  SessionClosedError,
  SessionOptionError,
  SessionStateError,
  SignalingError,
  type PeerSessionInit
} from '@hearsay/session'
import type { IncomingOffer, Signaler, SignalingSession } from '@hearsay/signaling'
import { testPeerId } from '@hearsay/testing'
import { FakePeerConnection } from './support/fake-peer-connection.ts'
import { connectPair, makePair, type Pair } from './support/pair.ts'

/** A dial that must fail, and what is left after it. */
async function failToDial(
  pair: Pair,
  init: Partial<PeerSessionInit> = {}
): Promise<{ error: Error; session: PeerSession }> {
  const session = pair.alice.open(pair.bob.peerId, init)
  const outcome = session.dial().then(
    () => assert.fail('it connected'),
    (error: unknown) => error as Error
  )
  await pair.clock.advance(60_000)
  const error = await outcome
  assert.equal(session.state.name, 'closed')
  assert.equal(pair.clock.pendingTimers, 0, 'timers are left')
  assert.equal(pair.network.open.length, 0, 'peer connections are left')
  return { error, session }
}

const never = (): Promise<void> => new Promise(() => {})

describe('setting up a session', () => {
  it('takes one signaling round trip, ICE, and hello', async () => {
    const { a, b } = await connectPair()
    assert.deepEqual(
      a.history.map(({ from, to, reason }) => `${from} -> ${to}: ${reason}`),
      [
        'idle -> signaling: dial',
        'signaling -> connecting: answer-received',
        'connecting -> connected: hello-verified'
      ]
    )
    assert.deepEqual(
      b.history.map(({ from, to, reason }) => `${from} -> ${to}: ${reason}`),
      [
        'idle -> signaling: offer-received',
        'signaling -> connecting: answer-sent',
        'connecting -> connected: hello-verified'
      ]
    )
    const { timings, role, path } = a.stats()
    assert.deepEqual(
      [role, path, b.stats().role, b.stats().path],
      ['initiator', 'memory', 'responder', 'memory']
    )
    assert.ok((timings.signalingMs ?? 0) >= 20)
    assert.ok((timings.totalMs ?? 0) >= (timings.signalingMs ?? 0) + (timings.transportMs ?? 0))
  })

  it('fires each event once, in order, on both sides', async () => {
    const events: string[] = []
    const { a, b, clock } = await connectPair({
      prepare: (session) => {
        session.addEventListener('statechange', ({ detail }) => events.push(detail.to))
        session.addEventListener('connected', () => events.push('event connected'))
        session.addEventListener('closed', () => events.push('event closed'))
      }
    })
    const closing = a.close()
    await clock.advance(3_000)
    await Promise.all([closing, b.close()])
    for (const expected of ['signaling', 'connecting', 'event connected', 'closing', 'event closed']) {
      assert.equal(events.filter((event) => event === expected).length, 2, expected)
    }
  })

  it('resolves both dials when both peers dial at once: one offer wins', async () => {
    const { alice, bob, clock, network } = makePair()
    const a = alice.open(bob.peerId)
    const b = bob.open(alice.peerId)
    const dials = Promise.all([a.dial(), b.dial()])
    await clock.advance(1_000)
    await dials
    assert.deepEqual([alice.sessions.length, bob.sessions.length], [1, 1])
    assert.deepEqual([a.stats().role, b.stats().role], ['responder', 'initiator'], 'the higher peer ID wins')
    assert.equal(network.open.length, 2)
  })

  it('says host candidates in the descriptions and trickles the slower ones, filtered', async () => {
    const { network, clock } = await connectPair({ network: { reflexiveDelayMs: 300 } })
    await clock.advance(500)
    for (const { remoteCandidates } of network.connections) {
      assert.deepEqual(
        remoteCandidates.map(({ candidate, sdpMid }) => [candidate.split(' ')[7] ?? 'end', sdpMid]),
        [
          ['srflx', '0'],
          ['end', '0']
        ]
      )
    }
  })

  it('keeps candidates that its policy forbids to itself, and does not use such ones of the peer', async () => {
    const policy = { types: ['host'] as const }
    const { network, clock, b } = await connectPair({
      network: { reflexiveDelayMs: 300 },
      alice: { candidates: { local: { types: [...policy.types] }, remote: { types: [...policy.types] } } }
    })
    await clock.advance(500)
    const types = [...network.connections].flatMap(({ remoteCandidates }) =>
      remoteCandidates.map(({ candidate }) => candidate.split(' ')[7] ?? 'end')
    )
    assert.deepEqual(types, ['end', 'end'])
    assert.equal(b.stats().remoteCandidatesDropped, 0)
  })

  it('tells which candidate pair is in use', async () => {
    const { a } = await connectPair()
    const pair = await a.selectedCandidatePair()
    assert.equal(pair?.local.type, 'host')
    assert.equal(pair.remote.type, 'srflx')
  })

  it('takes a newer offer of the same peer in place of the one it was connecting with', async () => {
    const { alice, bob, clock, network } = makePair()
    network.unreachable = true
    const first = alice.open(bob.peerId)
    const abort = new AbortController()
    const failed = assert.rejects(first.dial({ signal: abort.signal }))
    await clock.advance(100)
    const [answering] = bob.sessions
    assert.ok(answering !== undefined)
    const stateName = (): string => answering.state.name
    assert.equal(stateName(), 'connecting')
    network.unreachable = false
    // The peer restarts without a word: a new instance, the old session forgotten.
    const second = new PeerSession({
      signaler: alice.signaler,
      remotePeer: bob.peerId,
      clock,
      createPeerConnection: () => new FakePeerConnection(network)
    })
    const dialing = second.dial()
    await clock.advance(1_000)
    await dialing
    assert.equal(bob.sessions.length, 1)
    assert.equal(stateName(), 'connected')
    abort.abort()
    await clock.advance(5_000)
    await failed
    assert.equal(stateName(), 'connected')
  })
})

describe('a dial that fails leaves nothing and says why', () => {
  it('OfferTimeoutError: nobody answers', async () => {
    const pair = makePair()
    pair.hub.cut(pair.alice.peerId, pair.bob.peerId)
    const { error, session } = await failToDial(pair)
    assert.ok(error instanceof OfferTimeoutError)
    assert.equal(error.code, 'ERR_OFFER_TIMEOUT')
    assert.match(session.history.at(-2)?.reason ?? '', /^offer-timeout/)
  })

  it('ConnectTimeoutError: ICE finds no way; the peer is told', async () => {
    const pair = makePair()
    pair.network.unreachable = true
    const { error } = await failToDial(pair)
    assert.ok(error instanceof ConnectTimeoutError)
    const { state } = pair.bob.session
    assert.equal(state.name === 'closed' && state.reason.code, 'connect-timeout')
  })

  it('ConnectError: the peer connection fails', async () => {
    const pair = makePair()
    pair.network.unreachable = true
    const session = pair.alice.open(pair.bob.peerId)
    const failed = assert.rejects(session.dial(), ConnectError)
    await pair.clock.advance(500)
    for (const connection of pair.network.open) connection.fail()
    await pair.clock.advance(5_000)
    await failed
    assert.equal(pair.clock.pendingTimers, 0)
    const { state } = pair.bob.session
    assert.equal(state.name === 'closed' && state.reason.code, 'connect-failed')
  })

  it('RefusedError: the peer does not admit us', async () => {
    const pair = makePair()
    pair.hub.join(pair.bob.peerId, { admit: () => false })
    const { error } = await failToDial(pair)
    assert.ok(error instanceof RefusedError)
    assert.equal(error.refusal, 'not-admitted')
  })

  it('RefusedError bad-offer, and NegotiationError on the other side: declarations that do not fit', async () => {
    const pair = makePair({ alice: { channels: { x: { ordered: false } } }, bob: { channels: { x: {} } } })
    const { error } = await failToDial(pair)
    assert.ok(error instanceof RefusedError)
    await assert.rejects(
      pair.bob.session.waitForConnected(),
      (reason: Error) => reason instanceof NegotiationError && reason.message.includes('"x"')
    )
  })

  it('SignalingError: no path', async () => {
    const pair = makePair()
    pair.hub.leave(pair.bob.peerId)
    const { error } = await failToDial(pair)
    assert.ok(error instanceof SignalingError)
    assert.equal((error.cause as Error).name, 'NoPathError')
  })

  it('SignalingError: the peer turns out to live anew while we connect, and offers nothing', async () => {
    const pair = makePair()
    pair.network.unreachable = true
    const inner = pair.alice.signaler
    let signaling: SignalingSession | undefined
    const signaler: Signaler = {
      localPeer: inner.localPeer,
      instance: inner.instance,
      setOfferHandler: (handler) => inner.setOfferHandler(handler),
      dial: async (...args) => {
        const outcome = await inner.dial(...args)
        if (outcome.outcome === 'answered') signaling = outcome.session
        return outcome
      }
    }
    const session = new PeerSession({
      signaler,
      remotePeer: pair.bob.peerId,
      clock: pair.clock,
      createPeerConnection: () => new FakePeerConnection(pair.network)
    })
    const failed = assert.rejects(session.dial(), SignalingError)
    await pair.clock.advance(100)
    assert.equal(session.state.name, 'connecting')
    signaling?.dispatchEvent(new CustomEvent('close', { detail: 'replaced' }))
    await pair.clock.advance(100)
    assert.equal(session.history.at(-1)?.to, 'closed')
    await failed
  })

  it('the dialler is refused where our answer is too large for signaling', async () => {
    const pair = makePair()
    const offers: IncomingOffer[] = []
    pair.bob.signaler.setOfferHandler((offer) => {
      offers.push({
        ...offer,
        refuse: (code) => offer.refuse(code),
        answer: () => {
          throw new RangeError('too large')
        }
      })
      pair.bob.open(offer.remotePeer).handleOffer(offers[0])
    })
    const { error } = await failToDial(pair)
    assert.ok(error instanceof RefusedError)
  })

  it('PeerConnectionError: the configuration is refused; the cause names the fault', async () => {
    const cause = new TypeError('iceServers[0].urls: unknown scheme')
    const { error } = await failToDial(makePair(), {
      createPeerConnection: () => {
        throw cause
      }
    })
    assert.ok(error instanceof PeerConnectionError)
    assert.equal(error.cause, cause)
    assert.match(error.message, /iceServers\[0\]/)
  })

  it('NegotiationError: no offer can be made', async () => {
    const pair = makePair()
    const { error } = await failToDial(pair, {
      createPeerConnection: () =>
        Object.assign(new FakePeerConnection(pair.network), {
          setLocalDescription: () => Promise.reject(new Error('no'))
        })
    })
    assert.ok(error instanceof NegotiationError)
  })

  it('AnswerTimeoutError: our own answer is not ready in time; the dialler is refused', async () => {
    const pair = makePair()
    const slow = (): FakePeerConnection =>
      Object.assign(new FakePeerConnection(pair.network), { setLocalDescription: never })
    pair.bob.open(pair.alice.peerId, { createPeerConnection: slow })
    const { error } = await failToDial(pair)
    assert.ok(error instanceof OfferTimeoutError)
    await assert.rejects(pair.bob.session.waitForConnected(), AnswerTimeoutError)
  })

  it('AbortError: at any moment of the dial', async () => {
    for (let afterMs = 0; afterMs < 45; afterMs += 3) {
      const pair = makePair()
      const session = pair.alice.open(pair.bob.peerId)
      const abort = new AbortController()
      const outcome = session.dial({ signal: abort.signal }).catch((error: unknown) => error)
      await pair.clock.advance(afterMs)
      abort.abort()
      await pair.clock.advance(30_000)
      assert.ok((await outcome) instanceof AbortError, `after ${afterMs} ms`)
      assert.equal(session.state.name, 'closed')
      assert.equal(pair.bob.sessions.at(-1)?.state.name ?? 'closed', 'closed', `after ${afterMs} ms`)
      assert.deepEqual([pair.clock.pendingTimers, pair.network.open.length], [0, 0])
    }
  })

  it('AbortError: before it began', async () => {
    const { alice, bob, clock } = makePair()
    const session = alice.open(bob.peerId)
    await assert.rejects(session.dial({ signal: AbortSignal.abort() }), AbortError)
    assert.equal(session.state.name, 'idle')
    await session.close()
    assert.equal(clock.pendingTimers, 0)
  })

  it('SessionStateError: a session dials once', async () => {
    const { a } = await connectPair()
    await assert.rejects(a.dial(), SessionStateError)
    assert.equal(a.state.name, 'connected')
  })

  it('SessionClosedError: closed in the middle of a dial', async () => {
    const { alice, bob, clock } = makePair()
    const session = alice.open(bob.peerId)
    const failed = assert.rejects(
      session.dial(),
      (error: Error) => error instanceof SessionClosedError && error.reason.code === 'shutdown'
    )
    await clock.advance(5)
    const closing = session.close({ code: 'shutdown' })
    await clock.advance(1_000)
    await Promise.all([failed, closing])
  })

  it('a malformed offer is refused', async () => {
    const { hub, alice, bob, clock } = makePair()
    const outcome = hub.join(testPeerId(9)).dial(bob.peerId, Uint8Array.of(1, 2, 3))
    await clock.advance(1_000)
    assert.deepEqual(await outcome, { outcome: 'refused', code: 'bad-offer' })
    assert.equal(bob.session.state.name, 'closed')
    assert.equal(alice.sessions.length, 0)
  })

  it('an impossible option is named by the constructor', () => {
    const { alice } = makePair()
    assert.throws(
      () => alice.open(testPeerId(9), { channels: { x: { kind: 'fast' as 'bulk' } } }),
      SessionOptionError
    )
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`c${index}`, {}]))
    assert.throws(() => alice.open(testPeerId(9), { channels: many }), SessionOptionError)
  })
})
