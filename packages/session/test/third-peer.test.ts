import assert from 'node:assert/strict'
import type { IncomingOffer, Signaler, SignalingSession } from '@hearsay/signaling'
import { HelloMismatchError, type CloseReason, type PeerSession } from '@hearsay/session'
import { testPeerId } from '@hearsay/testing'
import { makePair } from './support/pair.ts'

/**
 * A peer that both know as themselves know it, and that offers each the other's description as its own (unknown
 * key-share, RFC 8844): DTLS then runs between the two, and each takes the other's data for Mallory's.
 */
export function crossOffer(mallory: Signaler, victim: string): void {
  const relay = (from: SignalingSession, to: SignalingSession): void => {
    from.addEventListener('message', ({ detail }) => to.send(detail))
  }
  mallory.setOfferHandler((offer: IncomingOffer) => {
    void mallory.dial(victim, offer.offer).then((outcome) => {
      assert.equal(outcome.outcome, 'answered')
      if (outcome.outcome !== 'answered') return
      const session = offer.answer(outcome.answer)
      relay(outcome.session, session)
      relay(session, outcome.session)
    })
  })
}

function codeOf({ state }: PeerSession): CloseReason['code'] | undefined {
  return state.name === 'closed' ? state.reason.code : undefined
}

describe("a third peer that offers two others' fingerprints as its own", () => {
  it('is caught by hello: nobody gets connected, nothing is delivered', async () => {
    const delivered: unknown[] = []
    const connected: string[] = []
    const channels = { x: {} }
    const { alice, bob, hub, clock, network } = makePair({
      alice: { channels },
      bob: { channels },
      prepare: (session) => {
        session.addEventListener('connected', () => connected.push(session.remotePeer))
        session.channel('x').addEventListener('message', ({ detail }) => delivered.push(detail))
      }
    })
    const mallory = hub.join(testPeerId(9))
    crossOffer(mallory, bob.peerId)
    const session = alice.open(mallory.localPeer)
    const secret = session.channel('x').send('for Mallory only')
    secret.catch(() => {})
    const failed = assert.rejects(session.dial(), HelloMismatchError)
    await clock.advance(20_000)
    await failed
    assert.deepEqual([codeOf(session), codeOf(bob.session)], ['hello-mismatch', 'hello-mismatch'])
    assert.deepEqual([connected, delivered], [[], []])
    await assert.rejects(secret)
    assert.equal(network.open.length, 0)
    assert.equal(clock.pendingTimers, 0)
  })
})
