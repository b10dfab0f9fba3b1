import assert from 'node:assert/strict'
import { HelloMismatchError, type CloseReason, type PeerSession } from '@hearsay/session'
import { testPeerId } from '@hearsay/testing'
import { crossOffer } from './support/cross-offer.ts'
import { makePair } from './support/pair.ts'

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
