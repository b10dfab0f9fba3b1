import assert from 'node:assert/strict'
import type { Signaler, SignalingSession } from '@hearsay/signaling'
import { createSignalingHub, testPeerIds, VirtualClock } from '@hearsay/testing'
import { RENEWAL_RETRY_MS } from '../src/constants.ts'
import { encodeSignalPayload } from '../src/negotiation/signal-payload.ts'
import { connectPair, type ConnectedPair } from './support/pair.ts'

/** Every signaling session that comes of a dial, whoever dials. */
function watchDials(signaler: Signaler): SignalingSession[] {
  const sessions: SignalingSession[] = []
  const dial = signaler.dial.bind(signaler)
  signaler.dial = async (...args) => {
    const outcome = await dial(...args)
    if (outcome.outcome === 'answered') sessions.push(outcome.session)
    return outcome
  }
  return sessions
}

async function assertTheyTalk({ a, b, clock }: ConnectedPair): Promise<void> {
  b.handle('ping', () => 'pong')
  const reply = a.request('ping')
  await clock.advance(200)
  assert.equal(await reply, 'pong')
  b.unhandle('ping')
}

describe('renewal of signaling', () => {
  it('is a new handshake, when the keys are a day old; the peer connection and its path stay', async () => {
    const pair = await connectPair()
    const { a, b, alice, bob, clock, hub, network } = pair
    const renewed = watchDials(alice.signaler)
    const connections = [...network.connections]
    hub.age(alice.peerId, bob.peerId)
    await clock.advance(100)
    assert.equal(renewed.length, 1)
    assert.deepEqual([a.state.name, b.state.name], ['connected', 'connected'])
    assert.deepEqual([...network.connections], connections)
    assert.deepEqual([alice.sessions.length, bob.sessions.length], [1, 1])
    assert.equal(a.stats().path, 'memory')
    await assertTheyTalk(pair)
  })

  it('by both at once is one', async () => {
    const pair = await connectPair()
    const { alice, bob, clock, hub } = pair
    const renewed = [watchDials(alice.signaler), watchDials(bob.signaler)]
    hub.age(alice.peerId, bob.peerId)
    hub.age(bob.peerId, alice.peerId)
    await clock.advance(100)
    assert.deepEqual(
      renewed.map(({ length }) => length),
      [0, 1]
    )
    await clock.advance(10 * RENEWAL_RETRY_MS)
    assert.deepEqual(
      renewed.map(({ length }) => length),
      [0, 1]
    )
    await assertTheyTalk(pair)
  })

  it('that fails is tried again, and disturbs nothing meanwhile', async () => {
    const pair = await connectPair()
    const { alice, bob, clock, hub } = pair
    const renewed = watchDials(alice.signaler)
    hub.cut(alice.peerId, bob.peerId)
    hub.age(alice.peerId, bob.peerId)
    await clock.advance(RENEWAL_RETRY_MS)
    assert.equal(renewed.length, 0)
    await assertTheyTalk(pair)
    hub.heal(alice.peerId, bob.peerId)
    await clock.advance(RENEWAL_RETRY_MS)
    assert.equal(renewed.length, 1)
    await assertTheyTalk(pair)
  })

  it('leaves nothing behind when the session ends before it is done', async () => {
    const pair = await connectPair()
    const { a, alice, bob, clock, hub, network } = pair
    hub.cut(alice.peerId, bob.peerId)
    hub.age(alice.peerId, bob.peerId)
    await clock.advance(30_000)
    void a.close()
    await clock.advance(60_000)
    assert.equal(network.open.length, 0)
    assert.equal(clock.pendingTimers, 0)
  })

  it('of a session with another process of the peer is refused', async () => {
    const pair = await connectPair()
    const { b, alice, bob, clock, hub } = pair
    const reborn = hub.join(alice.peerId)
    const dialing = reborn.dial(bob.peerId, encodeSignalPayload({ type: 'renewal' }))
    await clock.advance(100)
    assert.deepEqual(await dialing, { outcome: 'refused', code: 'bad-offer' })
    assert.equal(b.state.name, 'connected')
  })

  it('is asked for by a session of the hub, as by one of the network', async () => {
    const clock = new VirtualClock()
    const hub = createSignalingHub({ clock })
    const [one = '', other = ''] = testPeerIds(2)
    const [dialer, answerer] = [hub.join(one), hub.join(other)]
    let asked = 0
    answerer.setOfferHandler((offer) => {
      offer.answer(new Uint8Array(1)).addEventListener('rehandshake', () => asked++)
    })
    const dialing = dialer.dial(other, new Uint8Array(1))
    await clock.advance(10)
    await dialing
    hub.age(other, one)
    assert.equal(asked, 1)
  })
})
