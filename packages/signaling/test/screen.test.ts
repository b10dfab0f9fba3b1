import assert from 'node:assert/strict'
import { x25519 } from '../src/dh/noble.ts'
import { encodeEnvelope, decodeEnvelope, decodeRetry, type Envelope } from '../src/envelope/envelope.ts'
import { deriveRoom, peerIdOfSeed, type Room } from '../src/index.ts'
import { peerIdBytes } from '../src/peer-key.ts'
import { ofKind } from './support/envelopes.ts'
import { createMember, dial, KITCHEN, seedOf, type Member, type MemberOptions } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

/** What a message 1 made its recipient do. */
interface Work {
  handshakes: number
  admissions: number
}

/** Numbered as in docs/specs/signaling.md, "Responder". */
describe('the checks of message 1', () => {
  let clock: VirtualClock
  let network: TestNetwork
  let bob: Member
  let work: Work
  let cellar: Room

  before(async () => {
    cellar = await deriveRoom({ name: 'cellar' })
  })

  beforeEach(async () => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
    work = { handshakes: 0, admissions: 0 }
    bob = await createBob()
  })

  /** Counts what its checks cost. */
  async function createBob(options: Partial<MemberOptions> = {}): Promise<Member> {
    return createMember(clock, network, {
      index: 1,
      dh: {
        publicKey: (secretKey) => x25519.publicKey(secretKey),
        sharedSecret: (secretKey, publicKey) => {
          work.handshakes++
          return x25519.sharedSecret(secretKey, publicKey)
        }
      },
      admit: () => {
        work.admissions++
        return true
      },
      ...options
    })
  }

  /** The message 1 of somebody's first dial, which goes nowhere. */
  async function message1Of(options: MemberOptions, to: Member = bob): Promise<Envelope> {
    const dialer = await createMember(clock, network, options)
    dialer.signaler.observeInstance(to.peer, to.signaler.instance)
    network.setRelay('relay', () => [])
    const dialing = dial(dialer, to, { timeoutMs: 1 })
    const { bytes } = network.seen.at(-1)!
    await clock.advance(1)
    await dialing
    network.setRelay('relay', ({ to: next, bytes: each }) => [{ to: next, bytes: each, delayMs: 1 }])
    return decodeEnvelope(bytes)!
  }

  const give = (envelope: Envelope | Uint8Array, from = 'somebody', path = 'relay'): void => {
    network.inject(path, bob.peer, envelope instanceof Uint8Array ? envelope : encodeEnvelope(envelope), from)
  }
  const dropped = (): Record<string, number> => Object.fromEntries(bob.signaler.dropped)

  it('1: size and form, before the quota of the origin is touched', async () => {
    const good = await message1Of({ index: 2 })
    for (let count = 0; count < 100; count++) {
      give(new Uint8Array(16_385))
      give({ ...good, recipient: peerIdBytes(new Uint8Array(32)) })
    }
    give(good)
    assert.deepEqual(dropped(), { malformed: 100, 'not-for-us': 100 })
    assert.equal(bob.offers.length, 1)
  })

  it('2: the quota of the signed origin, before anything is computed', async () => {
    const good = await message1Of({ index: 2 })
    for (let count = 0; count < 100; count++) {
      give({ ...good, body: good.body.with(40, good.body[40] ^ (count + 1)) }, 'a flooder')
    }
    assert.deepEqual([dropped()['not-authentic'], dropped()['over-quota']], [40, 60])
    assert.ok(work.handshakes <= 2 * 40)
    give(good)
    assert.equal(bob.offers.length, 1, 'of another origin')
  })

  it('5: a cookie under load, before DH', async () => {
    bob = await createBob({ limits: { handshakesPerSecond: 1e-9 } })
    const good = await message1Of({ index: 2 })
    give(good)
    assert.deepEqual(dropped(), { 'under-load': 1 })
    assert.equal(work.handshakes, 0)
  })

  it('6: DH and the keys, before instances', async () => {
    const { body, ...rest } = await message1Of({ index: 2, life: 0 })
    const newer = await createMember(clock, network, { index: 2, life: 1 })
    bob.signaler.observeInstance(newer.peer, newer.signaler.instance)
    give({ ...rest, body: damaged(body) })
    assert.deepEqual(dropped(), { 'not-authentic': 1 })
    give({ ...rest, body })
    assert.deepEqual(dropped(), { 'not-authentic': 1, 'older-instance': 1 })
  })

  it('9: instance and serial, before the room proof', async () => {
    const older = await message1Of({ index: 2, rooms: [cellar] })
    // To bob the same process, which has dialed since.
    const again = await createMember(clock, network, { index: 2, rooms: [KITCHEN] })
    again.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(again, bob)
    await clock.advance(10)
    await dialing
    give(older)
    assert.deepEqual(dropped(), { 'not-newer': 1 })
  })

  it('10: the room proof, before anything is answered or anybody asked', async () => {
    const stranger = await message1Of({ index: 2, rooms: [cellar] })
    const sent = network.seen.length
    give(stranger)
    assert.deepEqual(dropped(), { 'no-proof': 1 })
    assert.equal(network.seen.length, sent)
    assert.equal(work.admissions, 0)
  })

  it('10: the room proof, before a wrong instance of ours is put right (11)', async () => {
    const reborn = await createMember(clock, new TestNetwork(clock), { index: 1, life: 1 })
    const stranger = await message1Of({ index: 2, rooms: [cellar] }, reborn)
    const member = await message1Of({ index: 3 }, reborn)
    const sent = network.seen.length
    give(stranger)
    assert.equal(network.seen.length, sent)
    give(member)
    assert.equal(network.seen.length, sent + 1)
    assert.deepEqual(dropped(), { 'no-proof': 1, 'unknown-instance': 1 })
    assert.equal(work.admissions, 0)
  })

  it('13: how much a peer offers, whichever ways it takes and in whose name, before anybody is asked', async () => {
    const dialer = await createMember(clock, network, { index: 2 })
    dialer.signaler.observeInstance(bob.peer, bob.signaler.instance)
    network.setRelay('relay', () => [])
    for (let count = 0; count < 60; count++) {
      const dialing = dial(dialer, bob, { timeoutMs: 1 })
      await clock.advance(1)
      await dialing
    }
    const offers = network.seen.map(({ bytes }) => bytes)
    for (const [index, offer] of offers.entries()) {
      give(offer, `origin ${index}`)
    }
    assert.deepEqual([work.admissions, dropped()['over-quota']], [40, 20])
    await clock.advance(1000)
    give(await message1Of({ index: 3 }))
    assert.equal(work.admissions, 41, 'of others')
    give(offers[40])
    assert.equal(work.admissions, 42, 'once it has waited')
  })

  it('13: admission, before the application hears of it; who is refused takes room from nobody', async () => {
    const stranger = await createMember(clock, network, { index: 2 })
    bob = await createBob({
      admit: (remotePeer) => remotePeer !== stranger.peer,
      limits: { maxOffers: 2 },
      onOffer: () => undefined
    })
    const open = [await message1Of({ index: 3 }), await message1Of({ index: 4 })]
    give(open[0])
    give(await message1Of({ index: 2 }))
    give(open[1])
    assert.equal(bob.offers.length, 2)
    assert.equal(ofKind(network.seen, 'message2').length, 1, 'who is refused is told')
    for (const offer of bob.offers) {
      bob.adopt(offer.answer(Uint8Array.of(1)))
    }
    await clock.advance(1)
    assert.deepEqual([bob.open.size, bob.closed], [2, []])
  })

  describe('under load', () => {
    const tired = { handshakesPerSecond: 1e-9, neighbourHandshakesPerSecond: 2 }

    /** The same message 1 with the cookie that bob asks for. */
    async function withCookie(envelope: Envelope, from: string): Promise<Envelope> {
      give(envelope, from)
      const asked = decodeEnvelope(ofKind(network.seen, 'retry').at(-1)!.bytes)!
      return { ...envelope, cookie: decodeRetry(asked.body)!.cookie! }
    }

    beforeEach(async () => {
      bob = await createBob({ limits: tired })
    })

    it('a retry keeps nothing', async () => {
      const good = await message1Of({ index: 2 })
      const timers = clock.pendingTimers
      for (let count = 0; count < 30; count++) {
        give(good)
      }
      assert.equal(clock.pendingTimers, timers)
      assert.deepEqual([work.handshakes, bob.offers.length], [0, 0])
    })

    it('a cookie is worth something for its session and where it was asked for only', async () => {
      const one = await withCookie(await message1Of({ index: 2 }), origin(2))
      const other = await message1Of({ index: 3 })
      give({ ...other, cookie: one.cookie! }, origin(2))
      give(one, origin(3))
      assert.deepEqual([work.handshakes, bob.offers.length], [0, 0])
      give(one, origin(2))
      assert.equal(bob.offers.length, 1)
    })

    it('each neighbour has a part for itself, so that the flood of one costs others no round trip', async () => {
      const limits = { handshakesPerSecond: 20 }
      bob = await createBob({ limits, paths: ['relay', 'other'].map((name) => network.path(name, bob.peer)) })
      const junk = await message1Of({ index: 3 })
      for (let count = 0; count < 100; count++) {
        give({ ...junk, body: junk.body.with(40, junk.body[40] ^ (count + 1)) }, `a name ${count}`)
      }
      assert.ok(dropped()['under-load'] > 0)
      give(await message1Of({ index: 2 }), origin(2), 'other')
      assert.equal(bob.offers.length, 1)
      give(await message1Of({ index: 4 }), origin(4), 'other')
      assert.equal(bob.offers.length, 1, 'one a second, of twenty')
    })

    it('a cookie is worth nothing after two minutes', async () => {
      const one = await withCookie(await message1Of({ index: 2 }), origin(2))
      await clock.advance(120_001)
      give(one, origin(2))
      assert.equal(bob.offers.length, 0)
    })

    it('no neighbour brings more than its share, however many origins it brings', async () => {
      const floods: Envelope[] = []
      for (let index = 0; index < 20; index++) {
        const { body, ...rest } = await message1Of({ index: 2 })
        const sybil = origin(100 + index)
        floods.push(await withCookie({ ...rest, body: damaged(body) }, sybil))
        give(floods.at(-1)!, sybil)
      }
      assert.equal(dropped()['not-authentic'], 2)
      await clock.advance(1000)
      const honest = await withCookie(await message1Of({ index: 3 }), origin(3))
      give(honest, origin(3))
      assert.equal(bob.offers.length, 1)
    })

    it('nobody is asked for a cookie on a path that everybody hears, which shows nothing and costs all', async () => {
      const room = network.path('room', bob.peer, { kind: 'broadcast' })
      bob = await createBob({ limits: tired, paths: [room] })
      give(await message1Of({ index: 2 }), origin(2), 'room')
      assert.equal(ofKind(network.seen, 'retry').length, 0)
      assert.equal(bob.offers.length, 1)
    })
  })
})

function damaged(body: Uint8Array): Uint8Array {
  return body.with(body.length - 1, body[body.length - 1] ^ 1)
}

function origin(index: number): string {
  return peerIdOfSeed(seedOf(index))
}
