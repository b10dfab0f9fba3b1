import assert from 'node:assert/strict'
import type { IncomingOffer, Signaler, SignalingSession } from '@hearsay/signaling'

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
