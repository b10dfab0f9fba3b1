import assert from 'node:assert/strict'
import { comparePeerIds, type DialOutcome, type IncomingOffer, type Signaler } from '@hearsay/signaling'
import {
  createSignalingHub,
  testPeerId,
  testPeerIds,
  VirtualClock,
  type SignalingHubOptions
} from '@hearsay/testing'

const OFFER = Uint8Array.of(1)
const ANSWER = Uint8Array.of(2)

interface Two {
  clock: VirtualClock
  hub: ReturnType<typeof createSignalingHub>
  lower: Signaler
  higher: Signaler
}

function join(options: SignalingHubOptions = {}): Two {
  const clock = new VirtualClock()
  const hub = createSignalingHub({ clock, delayMs: 10, ...options })
  const [lower = '', higher = ''] = testPeerIds(2)
  return { clock, hub, lower: hub.join(lower), higher: hub.join(higher) }
}

function answerAll(signaler: Signaler): IncomingOffer[] {
  const offers: IncomingOffer[] = []
  signaler.setOfferHandler((offer) => {
    offers.push(offer)
    offer.answer(ANSWER)
  })
  return offers
}

async function answered(
  dialing: Promise<DialOutcome>
): Promise<Extract<DialOutcome, { outcome: 'answered' }>> {
  const outcome = await dialing
  assert.equal(outcome.outcome, 'answered')
  return outcome
}

describe('SignalingHub', () => {
  it('carries an offer and its answer; both ends of the session have the same key', async () => {
    const { clock, lower, higher } = join()
    const ends: { helloKey: Uint8Array; role: string }[] = []
    higher.setOfferHandler((offer) => {
      assert.deepEqual([offer.offer, offer.remotePeer], [OFFER, lower.localPeer])
      assert.deepEqual(offer.remoteInstance, lower.instance)
      ends.push(offer.answer(ANSWER))
    })
    const dialing = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    const { answer, session } = await answered(dialing)
    assert.deepEqual(answer, ANSWER)
    assert.deepEqual([session.role, ends[0]?.role], ['initiator', 'responder'])
    assert.deepEqual(session.helloKey, ends[0]?.helloKey)
    assert.equal(clock.pendingTimers, 0)
  })

  it('keeps messages in order, each once, whatever is lost or overtaken', async () => {
    const { clock, lower, higher } = join({ delayMs: [0, 50], loss: 0.3 })
    const received: number[] = []
    higher.setOfferHandler((offer) => {
      offer.answer(ANSWER).addEventListener('message', ({ detail }) => received.push(detail[0] ?? -1))
    })
    const dialing = lower.dial(higher.localPeer, OFFER)
    await clock.advance(5_000)
    const { session } = await answered(dialing)
    for (let index = 0; index < 100; index++) session.send(Uint8Array.of(index))
    await clock.advance(5_000)
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, index) => index)
    )
    assert.throws(() => session.send(new Uint8Array(15_361)), RangeError)
  })

  it('in glare the lower peer ID yields and answers; the higher is answered', async () => {
    const { clock, lower, higher } = join()
    assert.ok(comparePeerIds(lower.localPeer, higher.localPeer) < 0)
    const [atLower, atHigher] = [answerAll(lower), answerAll(higher)]
    const dials = [lower.dial(higher.localPeer, OFFER), higher.dial(lower.localPeer, OFFER)]
    await clock.advance(100)
    const outcomes = await Promise.all(dials)
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['yielded', 'answered']
    )
    assert.deepEqual([atLower.map(({ wonGlare }) => wonGlare), atHigher], [[true], []])
  })

  it('tells the other side of a close, and ends an older session when a newer stands', async () => {
    const { clock, lower, higher } = join()
    const reasons: string[] = []
    higher.setOfferHandler((offer) => {
      offer.answer(ANSWER).addEventListener('close', ({ detail }) => reasons.push(detail))
    })
    const first = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    ;(await answered(first)).session.close()
    await clock.advance(100)
    const second = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    await second
    const third = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    await third
    assert.deepEqual(reasons, ['remote', 'replaced'])
  })

  it('refuses what is not admitted, or where nobody handles offers', async () => {
    const { clock, hub, lower, higher } = join()
    const unhandled = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    assert.deepEqual(await unhandled, { outcome: 'refused', code: 'busy' })
    hub.join(higher.localPeer, { admit: () => false })
    const refused = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    assert.deepEqual(await refused, { outcome: 'refused', code: 'not-admitted' })
  })

  it('fails as the real one does: no path, pending, timeout, aborted', async () => {
    const { clock, hub, lower, higher } = join()
    await assert.rejects(lower.dial(testPeerId(9), OFFER), { code: 'ERR_NO_PATH' })
    hub.cut(lower.localPeer, higher.localPeer)
    const abort = new AbortController()
    const aborted = assert.rejects(lower.dial(higher.localPeer, OFFER, { signal: abort.signal }), {
      name: 'AbortError'
    })
    await assert.rejects(lower.dial(higher.localPeer, OFFER), { code: 'ERR_DIAL_PENDING' })
    abort.abort()
    await aborted
    const late = assert.rejects(lower.dial(higher.localPeer, OFFER, { timeoutMs: 500 }), {
      code: 'ERR_SIGNALING_TIMEOUT'
    })
    await clock.advance(1_000)
    await late
    assert.equal(clock.pendingTimers, 0)
    hub.heal(lower.localPeer, higher.localPeer)
    answerAll(higher)
    const dialing = lower.dial(higher.localPeer, OFFER)
    await clock.advance(100)
    await answered(dialing)
  })
})
