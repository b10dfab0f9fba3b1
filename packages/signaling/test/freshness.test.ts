import assert from 'node:assert/strict'
import { decodeEnvelope, decodeRetry, encodeEnvelope, encodeRetry } from '../src/envelope/envelope.ts'
import { createInstance } from '../src/freshness/instance.ts'
import { PeerLedger } from '../src/freshness/peer-ledger.ts'
import { peerIdBytes, peerIdOfSeed, publicKeyOf } from '../src/peer-key.ts'
import { ofKind } from './support/envelopes.ts'
import {
  answerAtOnce,
  bytes,
  createMember,
  describe as sdp,
  dial,
  seedOf,
  type Member
} from './support/member.ts'
import { honest, TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const instance = (startTimeMs: number, random = 0) =>
  createInstance(startTimeMs, new Uint8Array(8).fill(random))

describe('freshness', () => {
  let clock: VirtualClock
  let network: TestNetwork
  let alice: Member
  let bob: Member

  beforeEach(async () => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
    alice = await createMember(clock, network, { index: 0 })
    bob = await createMember(clock, network, { index: 1 })
  })

  async function connect(from = alice, to = bob): Promise<void> {
    const dialing = dial(from, to)
    await clock.advance(200)
    assert.equal(await dialing, 'answered')
  }

  it('answers a repeated message 1 with the same message 2, without asking anybody again', async () => {
    await connect()
    const [{ bytes: message1 }] = ofKind(network.seen, 'message1').slice(-1)
    network.inject('relay', bob.peer, message1)
    const answers = ofKind(network.seen, 'message2').slice(-2)
    assert.deepEqual(answers[0].bytes, answers[1].bytes)
    network.inject('relay', bob.peer, message1)
    assert.equal(ofKind(network.seen, 'message2').length, 3, 'not again within 100 ms')
    assert.equal(bob.offers.length, 1)
  })

  it('never lets a message 1 that is not newer disturb a live session', async () => {
    network.setRelay('relay', ({ to, bytes: envelope }) =>
      // Alice's second dial gets stuck on its way.
      network.seen.length === 5 ? [] : [{ to, bytes: envelope, delayMs: 10 }]
    )
    await connect()
    assert.equal(network.seen.length, 4)
    const stuck = dial(alice, bob, { timeoutMs: 300 })
    await clock.advance(300)
    assert.equal(await stuck, 'SignalingTimeoutError')
    const { bytes: late } = network.seen[4]
    await connect()
    network.inject('relay', bob.peer, late)
    await clock.advance(1000)
    assert.equal(bob.offers.length, 2)
    assert.equal(bob.open.size, 1)
    assert.equal(bob.signaler.dropped.get('not-newer'), 1)
  })

  it('lets a new handshake of the same instance replace the session once it is answered', async () => {
    await connect()
    await connect()
    assert.deepEqual([alice.closed, bob.closed], [['replaced'], ['replaced']])
    const [[onAlice], [onBob]] = [[...alice.open], [...bob.open]]
    assert.deepEqual(onAlice.helloKey, onBob.helloKey)
  })

  it('keeps the session where the new offer is refused', async () => {
    await connect()
    bob.signaler.setOfferHandler((offer) => offer.refuse('busy'))
    const refused = alice.signaler.dial(bob.peer, sdp('offer', alice.peer))
    await clock.advance(100)
    assert.deepEqual(await refused, { outcome: 'refused', code: 'busy' })
    alice.sessions[0].send(bytes('still here'))
    await clock.advance(100)
    assert.deepEqual(bob.received, ['still here'])
    assert.deepEqual([alice.closed, bob.closed], [[], []])
  })

  it('replaces the session at once where the peer has started anew', async () => {
    await connect()
    const reborn = await createMember(clock, network, { index: 0, life: 1 })
    bob.signaler.setOfferHandler((offer) => offer.refuse('busy'))
    const refused = dial(reborn, bob)
    await clock.advance(100)
    assert.equal(await refused, 'refused')
    assert.deepEqual(bob.closed, ['replaced'])
  })

  it('answers a message 1 that does not name its instance only until a newer one has come', async () => {
    await connect()
    const [{ bytes: unknowing }] = ofKind(network.seen, 'message1')
    const answers = ofKind(network.seen, 'message2').length
    network.inject('relay', bob.peer, unknowing)
    assert.equal(ofKind(network.seen, 'message2').length, answers)
    assert.equal(bob.signaler.dropped.get('not-newer'), 1)
  })

  it('finds a responder that has started anew since it was last heard of', async () => {
    await connect()
    await bob.signaler.stop()
    const reborn = await createMember(clock, network, { index: 1, life: 1 })
    await connect(alice, reborn)
    assert.deepEqual(alice.sessions.at(-1)?.remoteInstance, reborn.signaler.instance)
  })

  it('prefers the newest of two processes with one identity', async () => {
    const pathNames = ['to the older', 'to the newer']
    const carol = await createMember(clock, network, { index: 5, pathNames })
    const older = await createMember(clock, network, { index: 4, pathNames: [pathNames[0]] })
    const newer = await createMember(clock, network, { index: 4, life: 1, pathNames: [pathNames[1]] })
    network.setRelay('to the newer', honest(50))
    carol.signaler.observeInstance(newer.peer, newer.signaler.instance)
    await connect(carol, newer)
    assert.deepEqual(carol.sessions[0].remoteInstance, newer.signaler.instance)
    assert.equal(carol.signaler.dropped.get('older-instance'), 1)
    assert.equal(older.offers.length, 0)
  })

  it('stops the older process when it learns of a newer one from presence', async () => {
    await connect()
    let superseded = 0
    bob.signaler.addEventListener('superseded', () => superseded++)
    bob.signaler.observeInstance(bob.peer, instance(1_000_000, 0))
    assert.equal(superseded, 0, 'itself')
    const pending = dial(bob, (await createMember(clock, network, { index: 2 })).peer)
    bob.signaler.observeInstance(bob.peer, instance(2_000_000))
    assert.equal(superseded, 1)
    assert.deepEqual(bob.closed, ['superseded'])
    assert.equal(await pending, 'SupersededError')
    assert.equal(await dial(bob, alice), 'SupersededError')
    const unanswered = dial(alice, bob, { timeoutMs: 500 })
    await clock.advance(500)
    assert.equal(await unanswered, 'SignalingTimeoutError')
  })

  it('asks for a cookie under load, keeps nothing, and goes on when it comes back', async () => {
    const busy = await createMember(clock, network, { index: 3, limits: { handshakesPerSecond: 0.001 } })
    alice.signaler.observeInstance(busy.peer, busy.signaler.instance)
    await connect(alice, busy)
    const [first, second] = ofKind(network.seen, 'message1').map(({ bytes: each }) => decodeEnvelope(each)!)
    const [asked] = ofKind(network.seen, 'retry').map(({ bytes: each }) => decodeEnvelope(each)!)
    assert.deepEqual(second, { ...first, cookie: decodeRetry(asked.body)?.cookie })
    assert.deepEqual(Object.fromEntries(busy.signaler.dropped), { 'under-load': 1 })
    // A cookie serves the session and the origin it was made for.
    const other = { ...second, body: second.body.slice(1) }
    network.inject('relay', busy.peer, encodeEnvelope({ ...other, session: new Uint8Array(16) }), alice.peer)
    network.inject('relay', busy.peer, encodeEnvelope(other), bob.peer)
    assert.equal(busy.signaler.dropped.get('under-load'), 3)
  })

  it('believes one retry on each path of a dial', async () => {
    const busy = await createMember(clock, network, { index: 3, limits: { handshakesPerSecond: 0.001 } })
    network.setRelay('relay', ({ from, to, bytes: envelope }) =>
      from === busy.peer
        ? Array.from({ length: 20 }, () => ({ to, bytes: envelope, delayMs: 10 }))
        : network.seen.length === 1
          ? [{ to, bytes: envelope, delayMs: 10 }]
          : []
    )
    alice.signaler.observeInstance(busy.peer, busy.signaler.instance)
    const dialing = dial(alice, busy, { timeoutMs: 300 })
    await clock.advance(300)
    assert.equal(await dialing, 'SignalingTimeoutError')
    assert.equal(ofKind(network.seen, 'message1').length, 2)
  })

  it('believes a retry of nobody but the peer, where a path proves who has sent it', async () => {
    const limits = { handshakesPerSecond: 0.001 }
    const [carol, busy] = await Promise.all(
      [3, 4].map((index) => {
        const room = network.path('room', peerIdOfSeed(seedOf(index)), { kind: 'broadcast' })
        return createMember(clock, network, { index, paths: [room], limits })
      })
    )
    carol.signaler.observeInstance(busy.peer, busy.signaler.instance)
    const dialing = dial(carol, busy, { timeoutMs: 1000 })
    const { session } = decodeEnvelope(network.seen[0].bytes)!
    const forged = {
      version: 1,
      session,
      kind: 'retry',
      number: 0,
      body: encodeRetry({ cookie: new Uint8Array(16), versions: [] })
    } as const
    const recipient = peerIdBytes(publicKeyOf(carol.peer))
    network.inject('room', carol.peer, encodeEnvelope({ ...forged, recipient }), bob.peer)
    assert.equal(network.seen.length, 1)
    assert.equal(carol.signaler.dropped.get('not-authentic'), 1)
    await clock.advance(1000)
    assert.equal(await dialing, 'answered')
  })

  it('answers another version of the protocol with its own', async () => {
    const dialing = dial(alice, bob, { timeoutMs: 300 })
    await clock.advance(0)
    const envelope = decodeEnvelope(network.seen[0].bytes)!
    network.setRelay('relay', () => [])
    network.inject('relay', bob.peer, encodeEnvelope({ ...envelope, version: 2 }), alice.peer)
    const [answer] = ofKind(network.seen, 'retry')
    assert.equal(answer.to, alice.peer)
    assert.deepEqual(decodeRetry(decodeEnvelope(answer.bytes)!.body)?.versions, [1])
    await clock.advance(300)
    await dialing
  })

  it('has nobody make it say to a whole room which version it speaks', async () => {
    const room = network.path('room', peerIdOfSeed(seedOf(3)), { kind: 'broadcast' })
    const carol = await createMember(clock, network, { index: 3, paths: [room] })
    const envelope = decodeEnvelope(await envelopeTo(carol))!
    network.inject('room', carol.peer, encodeEnvelope({ ...envelope, version: 2 }), alice.peer)
    assert.equal(carol.signaler.dropped.get('wrong-version'), 1)
    assert.deepEqual(ofKind(network.seen, 'retry'), [])
  })

  it('tells who dials where the peer speaks another version', async () => {
    network.setRelay('relay', () => [])
    const dialing = alice.signaler.dial(bob.peer, sdp('offer', alice.peer), { timeoutMs: 300 })
    const failed = assert.rejects(dialing, /version 7/)
    const { session } = decodeEnvelope(network.seen[0].bytes)!
    const body = Uint8Array.of(0x10, 7)
    const { recipient } = decodeEnvelope(await envelopeTo(alice))!
    network.inject(
      'relay',
      alice.peer,
      encodeEnvelope({ version: 1, recipient, session, kind: 'retry', number: 0, body })
    )
    await clock.advance(300)
    await failed
  })

  async function envelopeTo(member: Member): Promise<Uint8Array> {
    const other = await createMember(clock, network, { index: 9 })
    void dial(other, member, { timeoutMs: 10 })
    return network.seen.at(-1)!.bytes
  }

  it('looks at no more of an origin than its quota, while others are served', async () => {
    const { bytes: forged } = { bytes: await envelopeTo(bob) }
    for (let index = 0; index < 5000; index++) {
      const envelope = decodeEnvelope(forged)!
      envelope.body[40] = index
      network.inject('relay', bob.peer, encodeEnvelope({ ...envelope, body: envelope.body }), 'a flooder')
    }
    assert.ok((bob.signaler.dropped.get('not-authentic') ?? 0) <= 40)
    assert.ok((bob.signaler.dropped.get('over-quota') ?? 0) >= 4960)
    await connect()
  })

  it('keeps up only so many offers, and forgets unanswered ones', async () => {
    const crowded = await createMember(clock, network, {
      index: 3,
      limits: { maxOffers: 2 },
      onOffer: () => undefined
    })
    const dialers = await Promise.all([10, 11, 12].map((index) => createMember(clock, network, { index })))
    const dials = dialers.map((member) => dial(member, crowded, { timeoutMs: 1000 }))
    await clock.advance(500)
    assert.equal(crowded.offers.length, 3)
    for (const offer of crowded.offers) {
      answerAtOnce(offer, crowded)
    }
    await clock.advance(600)
    const outcomes = await Promise.all(dials)
    assert.deepEqual(outcomes, ['SignalingTimeoutError', 'answered', 'answered'])
    assert.deepEqual(crowded.closed, ['replaced'])
  })
})

describe('the table of offers', () => {
  it('gives nobody more than one place', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const crowded = await createMember(clock, network, { index: 3, limits: { maxOffers: 2 } })
    const [quiet, busy] = await Promise.all([1, 2].map((index) => createMember(clock, network, { index })))
    for (const dialer of [quiet, busy, busy, busy]) {
      const dialing = dial(dialer, crowded)
      await clock.advance(100)
      assert.equal(await dialing, 'answered')
    }
    const [{ bytes: message1 }] = ofKind(network.seen, 'message1')
      .filter(({ from }) => from === quiet.peer)
      .slice(-1)
    const answers = ofKind(network.seen, 'message2').length
    network.inject('relay', crowded.peer, message1)
    assert.equal(ofKind(network.seen, 'message2').length, answers + 1, 'is still answered alike')
  })
})

describe('the table of offers, while the admission hook takes its time', () => {
  it('gives nobody more than one place either', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const asked: string[] = []
    const crowded = await createMember(clock, network, {
      index: 3,
      limits: { maxOffers: 2 },
      admit: (remotePeer) => {
        asked.push(remotePeer)
        return new Promise((resolve) => {
          clock.setTimeout(() => resolve(true), 3000)
        })
      }
    })
    const [quiet, busy] = await Promise.all([1, 2].map((index) => createMember(clock, network, { index })))
    for (const { signaler } of [quiet, busy]) {
      signaler.observeInstance(crowded.peer, crowded.signaler.instance)
    }
    const patient = dial(quiet, crowded)
    for (let count = 0; count < 5; count++) {
      const impatient = dial(busy, crowded, { timeoutMs: 100 })
      await clock.advance(100)
      assert.equal(await impatient, 'SignalingTimeoutError')
    }
    await clock.advance(3000)
    assert.equal(await patient, 'answered')
    assert.equal(
      asked.filter((peer) => peer === quiet.peer).length,
      1,
      'its message 1 is known when it comes again'
    )
  })
})

describe('the ledger of peers', () => {
  it('orders by instance first, then by serial', () => {
    const ledger = new PeerLedger(10, () => false)
    assert.equal(ledger.note('p', instance(5), 7), false)
    assert.equal(ledger.isNewer('p', instance(5), 7), false)
    assert.equal(ledger.isNewer('p', instance(5), 8), true)
    assert.equal(ledger.isNewer('p', instance(4), 9), false)
    assert.equal(ledger.isNewer('p', instance(6), 1), true)
    assert.equal(ledger.isNewer('p', instance(5, 1), 1), true)
    assert.equal(ledger.note('p', instance(5), 3), false)
    assert.equal(ledger.isNewer('p', instance(5), 7), false, 'a serial never goes back')
    assert.equal(ledger.note('p', instance(6)), true)
    assert.equal(ledger.isCurrent('p', instance(5)), false)
    assert.equal(ledger.note('p', instance(5), 99), false)
    assert.equal(ledger.isNewer('p', instance(6), 1), true)
  })

  it('forgets who was quiet longest, but never a peer with a live session', () => {
    const ledger = new PeerLedger(2, (peer) => peer === 'a')
    for (const peer of ['a', 'b', 'c', 'd']) {
      ledger.note(peer, instance(1))
    }
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((peer) => ledger.instanceOf(peer) !== undefined),
      [true, false, false, true]
    )
  })
})
