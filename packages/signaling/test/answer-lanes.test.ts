import assert from 'node:assert/strict'
import { AnswerReview } from '../src/scheduling/answer-review.ts'
import type { AwaitedLane } from '../src/scheduling/handshake-schedule.ts'
import type { Lane } from '../src/scheduling/lane.ts'
import { PathStats } from '../src/scheduling/path-stats.ts'
import { decodeEnvelope } from '../src/envelope/envelope.ts'
import { peerIdOfSeed } from '../src/peer-key.ts'
import { ofKind } from './support/envelopes.ts'
import {
  answerAtOnce,
  createMember,
  dial,
  seedOf,
  type Member,
  type MemberOptions
} from './support/member.ts'
import { honest, TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const LANES = ['introducer|a', 'introducer|b', 'introducer|c']

describe('message 2', () => {
  let clock: VirtualClock
  let network: TestNetwork

  beforeEach(() => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
  })

  function member(index: number, onOffer: MemberOptions['onOffer'] = answerAtOnce): Promise<Member> {
    const path = network.path('introducer', peerIdOfSeed(seedOf(index)), {
      intermediaries: () => ['a', 'b', 'c']
    })
    return createMember(clock, network, { index, paths: [path], onOffer })
  }

  const answers = (): string[] => ofKind(network.seen, 'message2').map(({ path }) => path)

  /** Somebody whose first dial met two bad introducers: it has no faith in two. */
  async function burntMember(index: number, victim: Member): Promise<Member> {
    const burnt = await member(index)
    for (const lane of LANES.slice(0, 2)) network.setRelay(lane, () => [])
    burnt.signaler.observeInstance(victim.peer, victim.signaler.instance)
    const dialing = dial(burnt, victim)
    await clock.advance(5000)
    assert.equal(await dialing, 'answered')
    for (const lane of LANES) network.setRelay(lane, honest(10))
    network.seen.length = 0
    return burnt
  }

  it('takes two lanes, and message 1 two or three, so that a dial costs eight envelopes or ten', async () => {
    const [bob, carol] = [await member(1), await member(2)]
    const alice = await burntMember(0, carol)
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(alice, bob)
    await clock.advance(1000)
    assert.equal(await dialing, 'answered')
    assert.equal(answers().length, 2)
    assert.equal(2 * network.seen.length, 10)
    carol.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const another = dial(carol, bob)
    await clock.advance(1000)
    assert.equal(await another, 'answered')
    assert.equal(2 * network.seen.length, 18)
  })

  it('goes back along the third lane as soon as message 1 comes along it again', async () => {
    const [bob, carol] = [await member(1), await member(2)]
    const alice = await burntMember(0, carol)
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    // Those that bob answers first do not bring it.
    for (const lane of LANES) {
      network.setRelay(lane, (carried) => {
        const isAnswer = decodeEnvelope(carried.bytes)?.kind === 'message2'
        return isAnswer && answers().length <= 2 ? [] : honest(1)(carried)
      })
    }
    const dialing = dial(alice, bob, { timeoutMs: 60 })
    await clock.advance(60)
    assert.equal(await dialing, 'answered', 'after 50 ms, by which an answer is overdue')
    assert.equal(new Set(answers()).size, 3)
  })

  it('goes first along lanes that have not lost it before', async () => {
    const answerLater: MemberOptions['onOffer'] = (offer, member) => {
      clock.setTimeout(() => answerAtOnce(offer, member), 5)
    }
    const [alice, bob, carol] = [await member(0), await member(1, answerLater), await member(2)]
    for (const lane of LANES) network.setRelay(lane, () => [])
    for (const [dialer, expected] of [
      [alice, LANES.slice(0, 2)],
      [carol, [LANES[0], LANES[2]]]
    ] as const) {
      dialer.signaler.observeInstance(bob.peer, bob.signaler.instance)
      const dialing = dial(dialer, bob, { timeoutMs: 1 })
      const [{ bytes }] = ofKind(network.seen, 'message1').slice(-1)
      await clock.advance(1)
      await dialing
      const before = answers().length
      for (const lane of LANES) network.inject(lane, bob.peer, bytes, dialer.peer)
      await clock.advance(5)
      assert.deepEqual(answers().slice(before), expected)
      await clock.advance(400)
      network.inject(LANES[1], bob.peer, bytes, dialer.peer)
      await clock.advance(400)
      network.inject(LANES[1], bob.peer, bytes, dialer.peer)
    }
  })

  it('goes back at once along a lane that joins because those before it were silent', async () => {
    const [alice, bob] = [await member(0), await member(1)]
    for (const lane of LANES) network.setRelay(lane, () => [])
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(alice, bob)
    await clock.advance(100)
    for (const lane of LANES) network.setRelay(lane, honest(10))
    const [{ bytes }] = network.seen
    for (const lane of LANES) {
      network.inject(lane, bob.peer, bytes, alice.peer)
      await clock.advance(50)
    }
    assert.equal(await dialing, 'answered')
    assert.deepEqual(answers(), LANES)
  })
})

describe('looking back on dials', () => {
  const path = { name: 'introducer', cost: 20 } as Lane['path']
  const lane = (via: string): Lane => ({ path, via, isReady: true, name: `introducer ${via}` })
  const awaited = (via: string, until = 100): AwaitedLane => ({
    lane: lane(via),
    sentAt: 0,
    isMeasurable: true,
    until
  })
  const session = (count: number): Uint8Array => new Uint8Array(16).with(0, count & 0xff).with(1, count >> 8)
  const answer = Uint8Array.of(1, 2, 3)
  let stats: PathStats
  let review: AnswerReview

  beforeEach(() => {
    stats = new PathStats(1000)
    review = new AnswerReview(stats)
  })

  it('counts for a lane that the same answer came along it, and measures it', () => {
    review.add(session(1), 'peer', answer, [awaited('b'), awaited('c')])
    assert.equal(review.receive(session(1), answer, lane('b'), 80), true)
    assert.ok(stats.loss(lane('b'), 'peer') < 1 / 5)
    assert.equal(stats.rttMs(lane('b'), 'peer'), 80)
    review.settle(200)
    assert.ok(stats.loss(lane('c'), 'peer') < 1 / 5, 'two are answered: of the third nothing was to come')
  })

  it('counts against a lane that nothing, another answer, or the same too late came along it', () => {
    review.add(session(1), 'peer', answer, [awaited('b'), awaited('c')])
    assert.equal(review.receive(session(1), Uint8Array.of(9), lane('b'), 10), false)
    assert.equal(review.receive(session(2), answer, lane('b'), 10), false)
    assert.equal(review.receive(session(1), answer, lane('c'), 101), true)
    review.settle(100)
    assert.equal(stats.loss(lane('b'), 'peer'), 1 / 5, 'not before it is overdue')
    review.settle(101)
    assert.ok(stats.loss(lane('b'), 'peer') > 1 / 5)
    assert.ok(stats.loss(lane('c'), 'peer') > 1 / 5)
    assert.equal(review.receive(session(1), answer, lane('b'), 102), false, 'it is forgotten')
  })

  it('is of few dials at a time', () => {
    for (let count = 0; count < 200; count++) review.add(session(count), 'peer', answer, [awaited('b')])
    const known = Array.from({ length: 200 }, (_, count) =>
      review.receive(session(count), answer, undefined, 0)
    )
    assert.equal(known.filter(Boolean).length, 64)
    assert.equal(known.at(-1), true)
  })
})
