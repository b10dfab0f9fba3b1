import assert from 'node:assert/strict'
import fc from 'fast-check'
import { comparePeerIds } from '../src/index.ts'
import { bytes, createMember, describe as sdp, dial } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { createRandom } from './support/random.ts'
import { VirtualClock } from './support/virtual-clock.ts'

async function twoMembers(
  clock: VirtualClock,
  network: TestNetwork,
  onOffer?: Parameters<typeof createMember>[2]['onOffer']
) {
  const members = await Promise.all(
    [0, 1].map((index) =>
      createMember(clock, network, { index, ...(onOffer === undefined ? {} : { onOffer }) })
    )
  )
  const [polite, impolite] = members.toSorted((a, b) => comparePeerIds(a.peer, b.peer))
  polite.signaler.observeInstance(impolite.peer, impolite.signaler.instance)
  impolite.signaler.observeInstance(polite.peer, polite.signaler.instance)
  return { polite, impolite }
}

describe('glare', () => {
  it('is won by the higher peer ID, whose offer the lower one answers', async () => {
    const clock = new VirtualClock()
    const { polite, impolite } = await twoMembers(clock, new TestNetwork(clock))
    const dials = Promise.all([dial(polite, impolite), dial(impolite, polite)])
    await clock.advance(100)
    assert.deepEqual(await dials, ['yielded', 'answered'])
    assert.equal(impolite.offers.length, 0)
    assert.equal(polite.offers.length, 1)
    assert.equal(polite.offers[0].wonGlare, true)
  })

  it('is resolved along the path that works, where the winner cannot reach the other by itself', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const { polite, impolite } = await twoMembers(clock, network)
    let swallowed = 0
    network.setRelay('relay', ({ from, to, bytes: envelope }) =>
      from === impolite.peer && swallowed++ < 1 ? [] : [{ to, bytes: envelope, delayMs: 10 }]
    )
    const winning = dial(impolite, polite)
    await clock.advance(20)
    const losing = dial(polite, impolite)
    await clock.advance(280)
    // Sooner than the 400 ms after which message 1 would have gone again by itself.
    assert.deepEqual(await Promise.all([winning, losing]), ['answered', 'yielded'])
  })

  it('leaves the void offer void, however late it comes', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const { polite, impolite } = await twoMembers(clock, network)
    network.setRelay('relay', ({ from, to, bytes: envelope }) => [
      { to, bytes: envelope, delayMs: from === polite.peer && network.seen.length < 3 ? 5000 : 10 }
    ])
    const losing = dial(polite, impolite)
    const winning = dial(impolite, polite)
    await clock.advance(1000)
    assert.deepEqual(await Promise.all([winning, losing]), ['answered', 'yielded'])
    await clock.advance(10_000)
    assert.equal(impolite.offers.length, 0)
    assert.deepEqual(impolite.closed, [])
  })

  it('voids an offer that was being answered when the dial that beat it was', async () => {
    const clock = new VirtualClock()
    const { polite, impolite } = await twoMembers(clock, new TestNetwork(clock))
    impolite.signaler.setOfferHandler((offer) => impolite.offers.push(offer))
    const losing = dial(polite, impolite)
    await clock.advance(15)
    assert.equal(impolite.offers.length, 1)
    const winning = dial(impolite, polite)
    await clock.advance(100)
    assert.deepEqual(await Promise.all([winning, losing]), ['answered', 'yielded'])
    impolite.adopt(impolite.offers[0].answer(sdp('answer', impolite.peer)))
    await clock.advance(100)
    assert.deepEqual([polite.closed, impolite.closed], [[], ['replaced']])
    const [[onPolite], [onImpolite]] = [[...polite.open], [...impolite.open]]
    assert.deepEqual(onPolite.helloKey, onImpolite.helloKey)
  })

  it('ends in one session on both sides, whoever dials when, however envelopes are delayed and repeated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.record({ byPolite: fc.boolean(), at: fc.integer({ min: 0, max: 1200 }) }), {
          minLength: 1,
          maxLength: 6
        }),
        fc.integer({ min: 1, max: 350 }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        fc.integer({ min: 0, max: 150 }),
        async (seed, dials, maxDelayMs, loss, answerDelayMs) => {
          const clock = new VirtualClock()
          const network = new TestNetwork(clock)
          const random = createRandom(seed)
          network.setRelay('relay', ({ to, bytes: envelope }) =>
            Array.from({ length: random() < loss ? 0 : 1 + Math.floor(random() * 2) }, () => ({
              to,
              bytes: envelope,
              delayMs: random() * maxDelayMs
            }))
          )
          const { polite, impolite } = await twoMembers(clock, network, (offer, member) => {
            const answer = () => void member.adopt(offer.answer(sdp('answer', member.peer)))
            clock.setTimeout(answer, Math.floor(random() * answerDelayMs))
          })
          const pending = dials.map(({ byPolite, at }) => {
            const [from, to] = byPolite ? [polite, impolite] : [impolite, polite]
            return new Promise<string>((resolve) => {
              clock.setTimeout(() => void dial(from, to, { timeoutMs: 60_000 }).then(resolve), at)
            })
          })
          await clock.advance(62_000)
          for (const outcome of await Promise.all(pending)) {
            assert.ok(['answered', 'yielded', 'DialPendingError'].includes(outcome), outcome)
          }
          assert.deepEqual([polite.open.size, impolite.open.size], [1, 1])
          const [[onPolite], [onImpolite]] = [[...polite.open], [...impolite.open]]
          assert.deepEqual(onPolite.helloKey, onImpolite.helloKey)
          onPolite.send(bytes('from the polite side'))
          onImpolite.send(bytes('from the impolite side'))
          await clock.advance(25_000)
          assert.equal(polite.received.at(-1), 'from the impolite side')
          assert.equal(impolite.received.at(-1), 'from the polite side')
          await Promise.all([polite.signaler.stop(), impolite.signaler.stop()])
          await clock.advance(1000)
          assert.equal(clock.pendingTimers, 0)
        }
      ),
      { numRuns: 80 }
    )
  }).timeout(60_000)
})
