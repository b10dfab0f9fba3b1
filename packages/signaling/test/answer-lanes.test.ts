import assert from 'node:assert/strict'
import { AnswerReview } from '../src/scheduling/answer-review.ts'
import type { AwaitedLane } from '../src/scheduling/handshake-schedule.ts'
import type { Lane } from '../src/scheduling/lane.ts'
import { PathStats } from '../src/scheduling/path-stats.ts'
import { decodeEnvelope } from '../src/envelope/envelope.ts'
import { peerIdOfSeed } from '../src/peer-key.ts'
import { ofKind } from './support/envelopes.ts'
import { createMember, dial, seedOf, type Member } from './support/member.ts'
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

  function member(index: number): Promise<Member> {
    const path = network.path('introducer', peerIdOfSeed(seedOf(index)), {
      intermediaries: () => ['a', 'b', 'c']
    })
    return createMember(clock, network, { index, paths: [path] })
  }

  const answers = (): string[] => ofKind(network.seen, 'message2').map(({ path }) => path)

  it('goes back along two of three lanes, so that a dial with nobody known costs ten envelopes', async () => {
    const [alice, bob] = [await member(0), await member(1)]
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(alice, bob)
    await clock.advance(1000)
    assert.equal(await dialing, 'answered')
    assert.deepEqual(answers(), LANES.slice(0, 2))
    assert.equal(2 * network.seen.length, 10)
    const again = dial(alice, bob)
    await clock.advance(1000)
    assert.equal(await again, 'answered')
    assert.equal(2 * network.seen.length, 18)
  })

  it('goes back along the third when message 1 comes along it again, and first along it from then on', async () => {
    const [alice, bob] = [await member(0), await member(1)]
    for (const lane of LANES.slice(0, 2)) {
      network.setRelay(lane, (carried) =>
        decodeEnvelope(carried.bytes)?.kind === 'message1' ? honest(10)(carried) : []
      )
    }
    alice.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(alice, bob)
    await clock.advance(1000)
    assert.equal(await dialing, 'answered')
    assert.deepEqual(answers().slice(0, 2), LANES.slice(0, 2))
    assert.equal(answers().at(-1), LANES[2])
    const carol = await member(2)
    const before = answers().length
    carol.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const another = dial(carol, bob, { timeoutMs: 21 })
    await clock.advance(21)
    assert.equal(await another, 'answered', 'in one round trip')
    assert.ok(answers().slice(before).includes(LANES[2]))
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
    assert.ok(stats.loss(lane('b'), 'peer') < 1 / 2)
    assert.equal(stats.rttMs(lane('b'), 'peer'), 80)
    review.settle(200)
    assert.ok(stats.loss(lane('c'), 'peer') < 1 / 2, 'two are answered: of the third nothing was to come')
  })

  it('counts against a lane that nothing, another answer, or the same too late came along it', () => {
    review.add(session(1), 'peer', answer, [awaited('b'), awaited('c')])
    assert.equal(review.receive(session(1), Uint8Array.of(9), lane('b'), 10), false)
    assert.equal(review.receive(session(2), answer, lane('b'), 10), false)
    assert.equal(review.receive(session(1), answer, lane('c'), 101), true)
    review.settle(100)
    assert.equal(stats.loss(lane('b'), 'peer'), 1 / 2, 'not before it is overdue')
    review.settle(101)
    assert.ok(stats.loss(lane('b'), 'peer') > 1 / 2)
    assert.ok(stats.loss(lane('c'), 'peer') > 1 / 2)
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
