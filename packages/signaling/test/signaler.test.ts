import assert from 'node:assert/strict'
import { createMember, dial, text, bytes, describe as sdp } from './support/member.ts'
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
})
