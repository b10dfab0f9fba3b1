import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeEnvelope, encodeRetry, decodeEnvelope } from '../src/envelope/envelope.ts'
import { deriveRoom } from '../src/index.ts'
import { peerIdBytes, publicKeyOf } from '../src/peer-key.ts'
import { ofKind } from './support/envelopes.ts'
import {
  bytes,
  createMember,
  describe as sdp,
  dial,
  SECRET_MARKS,
  text,
  type Member
} from './support/member.ts'
import { honest, TestNetwork, type Relay } from './support/network.ts'
import { createRandom } from './support/random.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const TWO_PATHS = { pathNames: ['relay', 'other'] }

describe('a hostile relay', () => {
  let clock: VirtualClock
  let network: TestNetwork

  beforeEach(() => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
  })

  async function aliceAndBob(
    options: Partial<Parameters<typeof createMember>[2]> = {}
  ): Promise<[Member, Member]> {
    const alice = await createMember(clock, network, { index: 0, ...options })
    const bob = await createMember(clock, network, { index: 1, ...options })
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    return [alice, bob]
  }

  /** Dials, talks and records: what a relay has in its hands afterwards. */
  async function talk(alice: Member, bob: Member): Promise<void> {
    const dialing = dial(alice, bob)
    await clock.advance(200)
    assert.equal(await dialing, 'answered')
    for (const [from, to] of [
      [alice, bob],
      [bob, alice]
    ]) {
      from.sessions[0].send(sdp('offer', `${from.peer} to ${to.peer}: candidate:7`))
    }
    await clock.advance(1000)
    assert.deepEqual([alice.received.length, bob.received.length], [1, 1])
  }

  it('that records finds no ufrag, candidate, fingerprint or sender in what it saw', async () => {
    const [alice, bob] = await aliceAndBob(TWO_PATHS)
    await talk(alice, bob)
    assert.ok(network.seen.length >= 6)
    const toBob = network.seen.filter(({ to }) => to === bob.peer)
    for (const { bytes: seen } of network.seen) {
      const haystack = Buffer.from(seen)
      for (const mark of [...SECRET_MARKS, 'v=0', 'EsAw', '10.0.0.7']) {
        assert.equal(haystack.indexOf(mark), -1)
      }
    }
    for (const { bytes: seen } of toBob) {
      assert.equal(Buffer.from(seen).indexOf(publicKeyOf(alice.peer)), -1)
    }
  })

  it('that alters any byte of message 1 brings about no offer but the true one', async () => {
    const [alice, bob] = await aliceAndBob({ limits: { handshakesPerSecond: 10_000 } })
    network.setRelay('relay', () => [])
    const dialing = dial(alice, bob, { timeoutMs: 100 })
    await clock.advance(100)
    assert.equal(await dialing, 'SignalingTimeoutError')
    const [{ bytes: message1 }] = network.seen
    for (let position = 0; position < message1.length; position++) {
      const altered = message1.slice()
      altered[position] ^= 0x41
      network.inject('relay', bob.peer, altered, `relay ${position}`)
    }
    network.inject('relay', bob.peer, message1)
    assert.equal(bob.offers.length, 1)
    assert.equal(bob.offers[0].remotePeer, alice.peer)
    assert.deepEqual(bob.offers[0].offer, sdp('offer', alice.peer))
  })

  it('that alters any byte of message 2 or of a packet brings about no session or message but the true ones', async () => {
    const [alice, bob] = await aliceAndBob()
    network.setRelay('relay', ({ from, to, bytes: envelope }) =>
      from === alice.peer ? [{ to, bytes: envelope, delayMs: 10 }] : []
    )
    const dialing = dial(alice, bob)
    await clock.advance(20)
    const [{ bytes: message2 }] = ofKind(network.seen, 'message2')
    function injectAltered(to: Member, envelope: Uint8Array) {
      for (let position = 0; position < envelope.length; position++) {
        const altered = envelope.slice()
        altered[position] ^= 0x41
        network.inject('relay', to.peer, altered, `relay ${position}`)
      }
      network.inject('relay', to.peer, envelope)
    }
    injectAltered(alice, message2)
    assert.equal(await dialing, 'answered')
    assert.deepEqual(alice.sessions[0].helloKey, bob.sessions[0].helloKey)
    bob.sessions[0].send(bytes('once'))
    injectAltered(alice, ofKind(network.seen, 'transport')[0].bytes)
    assert.deepEqual(alice.received, ['once'])
  })

  it('that cuts any envelope short brings about nothing', async () => {
    const [alice, bob] = await aliceAndBob()
    await talk(alice, bob)
    const before = [alice, bob].map(({ offers, received }) => [offers.length, received.length])
    for (const { to, bytes: envelope } of network.seen) {
      for (let length = 0; length < envelope.length; length += 7) {
        network.inject('relay', to, envelope.subarray(0, length), `relay ${length % 40}`)
      }
    }
    assert.deepEqual(
      [alice, bob].map(({ offers, received }) => [offers.length, received.length]),
      before
    )
  })

  it('that replays everything changes nothing in the same life', async () => {
    const [alice, bob] = await aliceAndBob()
    await talk(alice, bob)
    const recorded = [...network.seen]
    for (let round = 0; round < 3; round++) {
      for (const { to, bytes: envelope } of recorded) {
        network.inject('relay', to, envelope)
      }
      await clock.advance(70_000)
    }
    assert.equal(bob.offers.length, 1)
    assert.deepEqual([alice.received.length, bob.received.length], [1, 1])
    assert.deepEqual([alice.closed, bob.closed], [[], []])
  })

  it('that replays everything after a restart of either side brings about no offer and no session', async () => {
    const [alice, bob] = await aliceAndBob()
    await talk(alice, bob)
    const recorded = [...network.seen]
    await Promise.all([alice.signaler.stop(), bob.signaler.stop()])
    const reborn = await Promise.all([
      createMember(clock, network, { index: 0, life: 1 }),
      createMember(clock, network, { index: 1, life: 1 })
    ])
    network.setRelay('relay', () => [])
    for (const { to, bytes: envelope } of recorded) {
      network.inject('relay', to, envelope)
    }
    await clock.advance(20_000)
    for (const { offers, sessions } of reborn) {
      assert.deepEqual([offers.length, sessions.length], [0, 0])
    }
  })

  it('that redirects envelopes to others, with or without their name on them, reaches nobody', async () => {
    const [alice, bob] = await aliceAndBob()
    const carol = await createMember(clock, network, { index: 2 })
    await talk(alice, bob)
    for (const { bytes: envelope } of network.seen) {
      network.inject('relay', carol.peer, envelope)
      const recipient = peerIdBytes(publicKeyOf(carol.peer))
      network.inject('relay', carol.peer, encodeEnvelope({ ...decodeEnvelope(envelope)!, recipient }))
    }
    await clock.advance(1000)
    assert.deepEqual([carol.offers.length, carol.sessions.length], [0, 0])
    assert.deepEqual([...carol.signaler.dropped.keys()].toSorted(), [
      'not-authentic',
      'not-for-us',
      'unknown-session'
    ])
  })

  it("that is a member cannot take over a session id, nor answer in another's place", async () => {
    const [alice, bob] = await aliceAndBob()
    const mallory = await createMember(clock, network, { index: 3 })
    mallory.signaler.observeInstance(bob.peer, bob.signaler.instance)
    network.setRelay('relay', ({ from, to, bytes: envelope }) => {
      const delayMs = 10
      if (from === alice.peer && to === bob.peer) {
        return [{ to: mallory.peer, bytes: envelope, delayMs }]
      }
      // Mallory's own offer to Bob under Alice's session id; Bob's answer to it goes to Alice.
      const stolen = decodeEnvelope(network.seen[0].bytes)!.session
      const session = { ...decodeEnvelope(envelope)!, session: stolen }
      const recipient = peerIdBytes(publicKeyOf(from === bob.peer ? alice.peer : to))
      return [
        { to, bytes: encodeEnvelope(session), delayMs: 5 },
        { to, bytes: envelope, delayMs },
        { to: alice.peer, bytes: encodeEnvelope({ ...session, recipient }), delayMs }
      ]
    })
    const dialing = dial(alice, bob, { timeoutMs: 3000 })
    await clock.advance(5)
    const own = dial(mallory, bob)
    await clock.advance(5000)
    assert.equal(await dialing, 'SignalingTimeoutError')
    assert.equal(await own, 'answered')
    assert.deepEqual(
      bob.offers.map(({ remotePeer }) => remotePeer),
      [mallory.peer]
    )
    assert.equal(alice.sessions.length, 0)
    assert.ok((bob.signaler.dropped.get('session-mismatch') ?? 0) > 0)
  })

  it('without the key of the room gets no answer at all, and its dial ends after the timeout', async () => {
    const rooms = [
      await deriveRoom({ name: 'kitchen', password: 'the right one' }),
      await deriveRoom({ name: 'kitchen', password: 'a wrong one' })
    ]
    const bob = await createMember(clock, network, { index: 1, rooms: [rooms[0]] })
    const outsider = await createMember(clock, network, { index: 4, rooms: [rooms[1]] })
    for (const knowsInstance of [false, true]) {
      if (knowsInstance) {
        outsider.signaler.observeInstance(bob.peer, bob.signaler.instance)
      }
      const dialing = dial(outsider, bob, { timeoutMs: 5000 })
      await clock.advance(5000)
      assert.equal(await dialing, 'SignalingTimeoutError')
    }
    assert.equal(network.seen.filter(({ from }) => from === bob.peer).length, 0)
    assert.equal(bob.offers.length, 0)
    assert.ok((bob.signaler.dropped.get('no-proof') ?? 0) >= 2)
  })

  it('that answers without the key of the room is not believed', async () => {
    const mine = await deriveRoom({ name: 'kitchen', password: 'mine' })
    const alice = await createMember(clock, network, { index: 0, rooms: [mine] })
    // It holds the very key that Alice dials, and takes any proof for good.
    const trap = await deriveRoom({ name: 'kitchen', password: 'a trap' })
    const answering = { ...trap, proofKey: mine.proofKey }
    const bob = await createMember(clock, network, { index: 1, rooms: [answering] })
    const honestOutcome = dial(alice, bob, { timeoutMs: 2000 })
    await clock.advance(2000)
    assert.equal(await honestOutcome, 'answered', 'the proof key alone decides')
    const carol = await createMember(clock, network, { index: 2, rooms: [trap] })
    const outcome = dial(alice, carol, { timeoutMs: 2000 })
    await clock.advance(2000)
    assert.equal(await outcome, 'SignalingTimeoutError')
  })

  describe('on one of two paths', () => {
    const swallow: Relay = () => []
    const garble: Relay = ({ to, bytes: envelope }) => [
      { to, bytes: envelope.map((byte, index) => (index > 70 ? byte ^ 0xff : byte)), delayMs: 1 }
    ]
    const flood: Relay = (carried) => Array.from({ length: 300 }, () => honest(1)(carried)[0])
    const slow: Relay = honest(4000)
    const lie: Relay = ({ from, to, bytes: envelope }) => {
      const { session, recipient } = decodeEnvelope(envelope)!
      const forged = { version: 1, session, recipient: peerIdBytes(publicKeyOf(from)), number: 0 }
      const retry = encodeRetry({ cookie: new Uint8Array(16).fill(9), versions: [7] })
      return [
        { to: from, bytes: encodeEnvelope({ ...forged, kind: 'retry', body: retry }), delayMs: 1 },
        {
          to: from,
          bytes: encodeEnvelope({ ...forged, kind: 'message2', body: new Uint8Array(300) }),
          delayMs: 1
        },
        {
          to,
          bytes: encodeEnvelope({ ...forged, recipient, kind: 'transport', body: new Uint8Array(50) }),
          delayMs: 1
        },
        {
          to,
          bytes: encodeEnvelope({ ...forged, recipient, kind: 'message1', body: new Uint8Array(300) }),
          delayMs: 1
        }
      ]
    }

    for (const [name, relay] of Object.entries({ swallow, garble, flood, slow, lie })) {
      for (const underLoad of [false, true]) {
        it(`does not stop a dial or a message: ${name}${underLoad ? ', the responder under load' : ''}`, async () => {
          const options = underLoad ? { ...TWO_PATHS, limits: { handshakesPerSecond: 0.001 } } : TWO_PATHS
          const [alice, bob] = await aliceAndBob(options)
          network.setRelay('relay', relay)
          const dialing = dial(alice, bob)
          await clock.advance(underLoad ? 50 : 30)
          assert.equal(await dialing, 'answered')
          for (let index = 0; index < 10; index++) {
            alice.sessions[0].send(bytes(`a${index}`))
            bob.sessions[0].send(bytes(`b${index}`))
            await clock.advance(100)
          }
          await clock.advance(10_000)
          const numbers = Array.from({ length: 10 }, (_, index) => index)
          assert.deepEqual(bob.received, numbers.map((index) => `a${index}`)) // prettier-ignore
          assert.deepEqual(alice.received, numbers.map((index) => `b${index}`)) // prettier-ignore
          assert.deepEqual([bob.offers.length, alice.offers.length], [1, 0])
        })
      }
    }
  })

  it('that does all this at random on every path brings about only what was really said', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        clock = new VirtualClock()
        network = new TestNetwork(clock)
        const members = await Promise.all(
          [0, 1, 2].map((index) => createMember(clock, network, { index, ...TWO_PATHS }))
        )
        for (const path of TWO_PATHS.pathNames) {
          network.setRelay(path, chaos(createRandom(seed + path.length), network, members))
        }
        const dials = members.flatMap((from) =>
          members.filter((to) => to !== from).map((to) => dial(from, to, { timeoutMs: 20_000 }))
        )
        await clock.advance(3000)
        for (const { peer, sessions } of members) {
          for (const session of sessions) {
            session.send(bytes(`from ${peer} to ${session.remotePeer}`))
          }
        }
        await clock.advance(60_000)
        await Promise.all(dials)
        for (const member of members) {
          for (const { remotePeer, offer } of member.offers) {
            assert.equal(text(offer), text(sdp('offer', remotePeer)))
          }
          for (const message of member.received) {
            assert.ok(members.some(({ peer }) => message === `from ${peer} to ${member.peer}`))
          }
          assert.equal(new Set(member.received).size <= 2, true)
          for (const session of member.sessions) {
            const others = members.filter(({ peer }) => peer === session.remotePeer)
            const [same] = others.flatMap(({ sessions }) =>
              sessions.filter(({ helloKey }) => Buffer.compare(helloKey, session.helloKey) === 0)
            )
            // The responder's last word may not have come through, but nobody else ever has the keys.
            assert.ok(same !== undefined || session.role === 'responder')
            assert.ok(same === undefined || same.remotePeer === member.peer)
          }
        }
        await Promise.all(members.map(({ signaler }) => signaler.stop()))
      }),
      { numRuns: 25 }
    )
  }).timeout(60_000)
})

/** Passes on, drops, doubles, delays, alters, cuts, redirects and replaces, as chance has it. */
function chaos(random: () => number, network: TestNetwork, members: readonly Member[]): Relay {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]
  return ({ to, bytes: envelope }) => {
    const onward = { to, bytes: envelope, delayMs: random() * 200 }
    const kind = random()
    if (kind < 0.1) {
      return []
    }
    if (kind < 0.2) {
      return [onward, { ...onward, delayMs: random() * 5000 }, { ...onward, delayMs: random() * 30_000 }]
    }
    if (kind < 0.35) {
      const altered = envelope.slice()
      altered[Math.floor(random() * altered.length)] ^= 1 << Math.floor(random() * 8)
      return [{ ...onward, bytes: altered }]
    }
    if (kind < 0.4) {
      return [{ ...onward, bytes: envelope.subarray(0, Math.floor(random() * envelope.length)) }]
    }
    if (kind < 0.5) {
      return [onward, { ...onward, to: pick(members).peer }]
    }
    if (kind < 0.6) {
      return [{ ...onward, bytes: pick(network.seen).bytes }]
    }
    return [onward]
  }
}
