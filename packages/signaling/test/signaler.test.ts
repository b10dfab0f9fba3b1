import assert from 'node:assert/strict'
import { createSignaler } from '../src/index.ts'
import { ofKind } from './support/envelopes.ts'
import { bytes, createMember, describe as sdp, dial, KITCHEN, seedOf, text } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

describe('a signaler', () => {
  let clock: VirtualClock
  let network: TestNetwork

  beforeEach(() => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
  })

  it('carries an offer and an answer in one round trip where the instance is known', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = alice.signaler.dial(bob.peer, sdp('offer', 'alice'))
    await clock.advance(20)
    const result = await dialing
    assert.equal(result.outcome, 'answered')
    assert.equal(text(result.answer), text(sdp('answer', bob.peer)))
    assert.equal(text(bob.offers[0].offer), text(sdp('offer', 'alice')))
    assert.equal(bob.offers[0].remotePeer, alice.peer)
    assert.deepEqual(bob.offers[0].remoteInstance, alice.signaler.instance)
    assert.deepEqual(result.session.remoteInstance, bob.signaler.instance)
    assert.deepEqual(result.session.helloKey, bob.sessions[0].helloKey)
    assert.equal(network.seen.length, 2)
    await alice.signaler.stop()
    await bob.signaler.stop()
    await clock.advance(100)
    assert.equal(clock.pendingTimers, 0)
  })

  it('takes a second round trip where it is not', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(40)
    assert.equal(await dialing, 'answered')
    assert.equal(bob.offers.length, 1)
    assert.deepEqual(Object.fromEntries(bob.signaler.dropped), { 'unknown-instance': 1 })
  })

  it('exchanges messages in order both ways, and closes on both sides', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    assert.equal(await dialing, 'answered')
    for (let index = 0; index < 100; index++) {
      alice.sessions[0].send(bytes(`a${index}`))
      bob.sessions[0].send(bytes(`b${index}`))
    }
    await clock.advance(1000)
    const expected = Array.from({ length: 100 }, (_, index) => index)
    assert.deepEqual(
      bob.received,
      expected.map((index) => `a${index}`)
    )
    assert.deepEqual(
      alice.received,
      expected.map((index) => `b${index}`)
    )
    alice.sessions[0].send(bytes('last'))
    alice.sessions[0].close()
    await clock.advance(1000)
    assert.equal(bob.received.at(-1), 'last')
    assert.deepEqual([alice.closed, bob.closed], [['local'], ['remote']])
    await clock.advance(10_000)
    await Promise.all([alice.signaler.stop(), bob.signaler.stop()])
    assert.equal(clock.pendingTimers, 0)
  })

  it('sends nothing more of a session, and waits for nothing, where the peer knows of its end', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    await dialing
    network.setRelay('relay', () => [])
    alice.sessions[0].send(bytes('never acked'))
    const { length: sent } = network.seen
    alice.sessions[0].close({ peerKnows: true })
    bob.sessions[0].close({ peerKnows: true })
    alice.sessions[0].send(bytes('too late'))
    assert.equal(clock.pendingTimers, 0)
    await clock.advance(60_000)
    assert.equal(network.seen.length, sent)
    assert.deepEqual([alice.closed, bob.closed], [['local'], ['local']])
  })

  it('sends nothing more either where that is found while it takes a message', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    await dialing
    bob.sessions[0].addEventListener('message', () => {
      bob.sessions[0].send(bytes('too late'))
      bob.sessions[0].close({ peerKnows: true })
    })
    alice.sessions[0].send(bytes('farewell'))
    await clock.advance(20)
    assert.deepEqual(bob.closed, ['local'])
    assert.deepEqual(
      ofKind(network.seen, 'transport').filter(({ from }) => from === bob.peer),
      []
    )
  })

  it('keeps what comes before anybody listens, and what overtakes message 2', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, {
      index: 1,
      onOffer: (offer) => offer.answer(sdp('answer', 'bob')).send(bytes('early'))
    })
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    network.setRelay('relay', ({ from, to, bytes: envelope }) => {
      // The answer is slower than the message behind it.
      const isAnswer = from === bob.peer && network.seen.length === 2
      return [{ to, bytes: envelope, delayMs: isAnswer ? 40 : 10 }]
    })
    const dialing = alice.signaler.dial(bob.peer, sdp('offer', 'alice'))
    await clock.advance(50)
    const result = await dialing
    assert.equal(result.outcome, 'answered')
    const received: string[] = []
    await clock.advance(10)
    result.session.addEventListener('message', ({ detail }) => received.push(text(detail)))
    assert.deepEqual(received, ['early'])
  })

  it('refuses on behalf of who does not admit, has no handler, or whose handler throws', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const nobody = await createMember(clock, network, { index: 1, admit: async () => false })
    const broken = await createMember(clock, network, {
      index: 2,
      admit: () => Promise.reject(new Error('hook'))
    })
    const deaf = await createMember(clock, network, { index: 3, admit: async () => true })
    deaf.signaler.setOfferHandler(undefined)
    const clumsy = await createMember(clock, network, { index: 4 })
    clumsy.signaler.setOfferHandler(() => {
      throw new Error('handler')
    })
    const outcomes: unknown[] = []
    for (const { peer } of [nobody, broken, deaf, clumsy]) {
      const dialing = alice.signaler.dial(peer, sdp('offer', 'alice'))
      await clock.advance(100)
      outcomes.push(await dialing)
    }
    assert.deepEqual(
      outcomes,
      ['not-admitted', 'not-admitted', 'closing', 'closing'].map((code) => ({ outcome: 'refused', code }))
    )
    assert.deepEqual([nobody.offers.length, broken.offers.length], [0, 0])
  })

  it('asks an admission hook that takes its time once, and then goes on', async () => {
    let asked = 0
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, {
      index: 1,
      admit: (remotePeer) => {
        asked++
        assert.equal(remotePeer, alice.peer)
        return new Promise((resolve) => {
          clock.setTimeout(() => resolve(true), 3000)
        })
      }
    })
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(alice, bob)
    await clock.advance(3100)
    assert.equal(await dialing, 'answered')
    assert.equal(asked, 1)
  })

  it('gives an answer that comes too late a session that is over', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1, onOffer: () => undefined })
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    for (let count = 0; count < 2; count++) {
      const dialing = dial(alice, bob, { timeoutMs: 100 })
      await clock.advance(100)
      assert.equal(await dialing, 'SignalingTimeoutError')
    }
    const late = bob.adopt(bob.offers[0].answer(sdp('answer', 'bob')))
    late.send(bytes('nobody hears this'))
    await clock.advance(1)
    assert.deepEqual(bob.closed, ['replaced'])
    assert.equal(network.seen.filter(({ from }) => from === bob.peer).length, 0)
    bob.offers[0].refuse('busy')
    bob.adopt(bob.offers[1].answer(sdp('answer', 'bob')))
    await clock.advance(1)
    assert.deepEqual(bob.closed, ['replaced'])
  })

  it('keeps to the paths that a dial names', async () => {
    const pathNames = ['left', 'right']
    const alice = await createMember(clock, network, { index: 0, pathNames })
    const bob = await createMember(clock, network, { index: 1, pathNames })
    const dialing = dial(alice, bob, { paths: ['right'] })
    await clock.advance(100)
    assert.equal(await dialing, 'answered')
    assert.equal(alice.sessions[0].path, 'right')
    assert.equal(bob.offers[0].path, 'right')
    alice.sessions[0].send(bytes('x'))
    await clock.advance(1000)
    assert.ok(network.seen.every(({ from, path }) => from === bob.peer || path === 'right'))
  })

  it('gives up a session whose peer acks nothing', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    await dialing
    await bob.signaler.stop()
    await clock.advance(3100)
    assert.deepEqual(alice.closed, ['remote'])
    const second = await createMember(clock, network, { index: 1, life: 1 })
    const again = dial(alice, second)
    await clock.advance(100)
    await again
    network.setRelay('relay', () => [])
    alice.sessions[1].send(bytes('into the void'))
    await clock.advance(31_000)
    assert.deepEqual(alice.closed, ['remote', 'unreachable'])
  })

  it('leaves no timer behind where it is stopped by who listens to a session', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    await dialing
    bob.sessions[0].addEventListener('message', () => void bob.signaler.stop())
    alice.sessions[0].send(bytes('the last straw'))
    await clock.advance(100)
    await alice.signaler.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  it('asks for a new handshake after a day', async () => {
    const alice = await createMember(clock, network, { index: 0 })
    const bob = await createMember(clock, network, { index: 1 })
    const dialing = dial(alice, bob)
    await clock.advance(100)
    await dialing
    let asked = 0
    alice.sessions[0].addEventListener('rehandshake', () => asked++)
    await clock.advance(23 * 3_600_000)
    assert.equal(asked, 0)
    await clock.advance(25 * 3_600_000)
    assert.equal(asked, 1)
    alice.sessions[0].send(bytes('still works'))
    await clock.advance(100)
    assert.deepEqual(bob.received, ['still works'])
  })

  describe('fails with an error that says what to do', () => {
    async function failure(dialing: Promise<unknown>, waitMs: number): Promise<unknown> {
      const failed = dialing.then(
        () => assert.fail('it did not fail'),
        (error: unknown) => error
      )
      await clock.advance(waitMs)
      return failed
    }

    it('when no path reaches the peer', async () => {
      const [alice, bob] = await Promise.all(
        [0, 1].map((index) => createMember(clock, network, { index, pathNames: [] }))
      )
      const error = await failure(alice.signaler.dial(bob.peer, bytes('offer')), 1000)
      assert.equal((error as { code: string }).code, 'ERR_NO_PATH')
      await alice.signaler.stop()
      assert.equal(clock.pendingTimers, 0)
    })

    it('when nobody answers', async () => {
      const alice = await createMember(clock, network, { index: 0 })
      const { peer } = await createMember(clock, new TestNetwork(clock), { index: 1 })
      const error = await failure(alice.signaler.dial(peer, bytes('offer'), { timeoutMs: 700 }), 700)
      assert.equal((error as { code: string }).code, 'ERR_SIGNALING_TIMEOUT')
      assert.match(String(error), /700 ms/)
    })

    it('when the dial is aborted, before or while it waits', async () => {
      const alice = await createMember(clock, network, { index: 0 })
      const { peer } = await createMember(clock, new TestNetwork(clock), { index: 1 })
      const controller = new AbortController()
      const dialing = alice.signaler.dial(peer, bytes('offer'), { signal: controller.signal })
      controller.abort()
      assert.equal(((await failure(dialing, 0)) as Error).name, 'AbortError')
      const again = alice.signaler.dial(peer, bytes('offer'), { signal: controller.signal })
      assert.equal(((await failure(again, 0)) as Error).name, 'AbortError')
      await clock.advance(100)
      assert.equal(clock.pendingTimers, 0)
    })

    it('when the signaler is not running, is busy with the same peer, or the offer is too large', async () => {
      const alice = await createMember(clock, network, { index: 0 })
      const { peer } = await createMember(clock, new TestNetwork(clock), { index: 1 })
      const codes: string[] = []
      const note = async (dialing: Promise<unknown>) => {
        codes.push(((await failure(dialing, 0)) as { code: string }).code)
      }
      const pending = alice.signaler.dial(peer, bytes('offer')).catch((error: unknown) => error)
      await note(alice.signaler.dial(peer, bytes('offer')))
      await note(alice.signaler.dial(peer, new Uint8Array(15_361)))
      await note(alice.signaler.dial(alice.peer, bytes('offer')))
      await note(alice.signaler.dial('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', bytes('offer')))
      await alice.signaler.stop()
      await note(alice.signaler.dial(peer, bytes('offer')))
      assert.equal(((await pending) as { code: string }).code, 'ERR_SIGNALER_NOT_RUNNING')
      assert.deepEqual(codes, [
        'ERR_DIAL_PENDING',
        'ERR_MESSAGE_TOO_LARGE',
        'ERR_UNSUPPORTED_KEY',
        'ERR_UNSUPPORTED_KEY',
        'ERR_SIGNALER_NOT_RUNNING'
      ])
    })

    it('when a message or an answer is too large, and the session lives on', async () => {
      const alice = await createMember(clock, network, { index: 0 })
      const bob = await createMember(clock, network, { index: 1, onOffer: () => undefined })
      const dialing = dial(alice, bob)
      await clock.advance(100)
      assert.throws(() => bob.offers[0].answer(new Uint8Array(15_361)), { code: 'ERR_MESSAGE_TOO_LARGE' })
      const session = bob.adopt(bob.offers[0].answer(new Uint8Array(15_360)))
      await clock.advance(100)
      assert.equal(await dialing, 'answered')
      assert.throws(() => session.send(new Uint8Array(15_361)), { code: 'ERR_MESSAGE_TOO_LARGE' })
      session.send(bytes('x'.repeat(15_360)))
      await clock.advance(100)
      assert.equal(alice.received[0].length, 15_360)
    })

    it('when there is no room, or the private key is none', () => {
      const init = { privateKey: seedOf(0), rooms: [KITCHEN], paths: [] }
      assert.throws(() => createSignaler({ ...init, rooms: [] }), { code: 'ERR_INVALID_ROOM' })
      assert.throws(() => createSignaler({ ...init, privateKey: new Uint8Array(64) }), {
        code: 'ERR_UNSUPPORTED_KEY'
      })
    })
  })
})
