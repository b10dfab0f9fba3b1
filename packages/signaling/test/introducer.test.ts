import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeEnvelope } from '../src/envelope/envelope.ts'
import { Introducer, type IntroducerLimits } from '../src/introduction/introducer.ts'
import { peerIdBytes, peerIdOfSeed, publicKeyOf } from '../src/peer-key.ts'
import { seedOf } from './support/member.ts'

const [alice, bob, carol, dave] = [0, 1, 2, 3].map((index) => peerIdOfSeed(seedOf(index)))

function envelopeFor(recipient: string, bodyBytes = 100): Uint8Array {
  return encodeEnvelope({
    version: 1,
    recipient: peerIdBytes(publicKeyOf(recipient)),
    session: new Uint8Array(16),
    kind: 'message1',
    number: 0,
    body: new Uint8Array(bodyBytes)
  })
}

function createIntroducer(limits: Partial<IntroducerLimits> = {}, ...registered: string[]): Introducer {
  const introducer = new Introducer(limits, 0)
  for (const peer of registered) {
    introducer.handleRegister(peer)
  }
  return introducer
}

/** What becomes of an envelope that comes on the source's stream. */
function pass(introducer: Introducer, source: string, bytes: Uint8Array, now: number): string {
  return introducer.admits(source, bytes.length, now)
    ? introducer.handleEnvelope(source, bytes, now).action
    : 'pause'
}

describe('an introducer', () => {
  it('passes on to who has registered, and to nobody else', () => {
    const introducer = createIntroducer({}, bob)
    assert.deepEqual(introducer.handleEnvelope(alice, envelopeFor(bob), 0), {
      action: 'forward',
      recipient: bob
    })
    assert.deepEqual(introducer.handleEnvelope(alice, envelopeFor(carol), 0), {
      action: 'refuse',
      reason: 'not-registered',
      recipient: carol
    })
    introducer.handleGone(bob)
    assert.equal(introducer.handleEnvelope(alice, envelopeFor(bob), 0).action, 'refuse')
  })

  it('lets who was written to answer the writer for a while, and nobody else', () => {
    const introducer = createIntroducer({ returnLifetimeMs: 1000 }, bob)
    assert.equal(introducer.handleEnvelope(bob, envelopeFor(alice), 0).action, 'refuse')
    introducer.handleEnvelope(alice, envelopeFor(bob), 0)
    assert.deepEqual(introducer.handleEnvelope(bob, envelopeFor(alice), 999), {
      action: 'forward',
      recipient: alice
    })
    assert.equal(introducer.handleEnvelope(carol, envelopeFor(alice), 999).action, 'refuse')
    assert.equal(introducer.handleEnvelope(bob, envelopeFor(alice), 1000).action, 'refuse')
  })

  it('sends nothing back to where it came from', () => {
    const introducer = createIntroducer({}, bob)
    assert.equal(introducer.handleEnvelope(bob, envelopeFor(bob), 0).action, 'refuse')
  })

  it('reads nothing of a source that has used up its quota, until half of it is there again', () => {
    const introducer = createIntroducer({ sourceBurst: 4, sourcePerSecond: 1 }, bob)
    const actions = [0, 0, 0, 0, 0, 1000, 1999, 2000, 2000, 2000].map((now) =>
      pass(introducer, alice, envelopeFor(bob), now)
    )
    assert.deepEqual(actions, [
      ...['forward', 'forward', 'forward', 'forward', 'pause', 'pause', 'pause'],
      ...['forward', 'forward', 'pause']
    ])
    assert.equal(introducer.pausedUntil(alice, 2000), 4000)
    assert.equal(introducer.pausedUntil(carol, 2000), 2000)
    assert.equal(pass(introducer, carol, envelopeFor(bob), 2000), 'forward')
  })

  it('counts bytes as well as envelopes', () => {
    const introducer = createIntroducer({ sourceBytesBurst: 20_000, sourceBytesPerSecond: 10_000 }, bob)
    const large = envelopeFor(bob, 9_000)
    const actions = [0, 0, 0].map((now) => pass(introducer, alice, large, now))
    assert.deepEqual(actions, ['forward', 'forward', 'pause'])
    assert.equal(introducer.pausedUntil(alice, 0) > 800, true)
  })

  it('keeps many sources together from drowning a recipient, or itself', () => {
    const limits = { recipientBurst: 2, recipientPerSecond: 1, totalPerSecond: 3 }
    const introducer = createIntroducer(limits, bob, carol)
    const send = (from: string, to: string) => {
      const forwarding = introducer.handleEnvelope(from, envelopeFor(to), 0)
      return forwarding.action === 'refuse' ? forwarding.reason : forwarding.action
    }
    assert.deepEqual(
      [send(alice, bob), send(dave, bob), send(alice, bob), send(alice, carol), send(dave, carol)],
      ['forward', 'forward', 'over-quota', 'forward', 'over-quota']
    )
    assert.equal(introducer.pausedUntil(alice, 0), 0, 'others must not be paused for it')
  })

  it('has room for so many registrations; one that is there already takes none', () => {
    const introducer = createIntroducer({ maxRegistrations: 2 }, alice, bob)
    assert.equal(introducer.handleRegister(carol), false)
    assert.equal(introducer.handleRegister(alice), true)
    introducer.handleGone(alice)
    assert.equal(introducer.handleRegister(carol), true)
    assert.equal(introducer.registrations, 2)
  })

  it('blames a source for what is no envelope', () => {
    const introducer = createIntroducer({}, bob)
    assert.deepEqual(introducer.handleEnvelope(alice, new Uint8Array(40).fill(0xff), 0), {
      action: 'malformed'
    })
    const noKey = envelopeFor(bob).with(4, 0xff)
    assert.deepEqual(introducer.handleEnvelope(alice, noKey, 0), { action: 'malformed' })
  })

  it('takes arbitrary bytes, and forwards only to who is registered or owed an answer', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(alice, bob, carol),
            fc.oneof(
              fc.uint8Array(),
              fc.constantFrom(...[alice, bob, carol].map((peer) => envelopeFor(peer)))
            )
          )
        ),
        (inputs) => {
          const introducer = createIntroducer({}, bob)
          const owed = new Set<string>()
          for (const [source, bytes] of inputs) {
            const forwarding = introducer.handleEnvelope(source, bytes, 0)
            if (forwarding.action === 'forward') {
              const { recipient } = forwarding
              assert.ok(recipient === bob || owed.has(`${source} ${recipient}`))
              assert.notEqual(recipient, source)
              owed.add(`${recipient} ${source}`)
            }
          }
        }
      )
    )
  })

  it('remembers a bounded number of quotas, pauses and returns', () => {
    const limits = { maxQuotas: 8, maxReturns: 8, sourceBurst: 1, sourcePerSecond: 0.001 }
    const introducer = createIntroducer(limits, bob)
    const peers = Array.from({ length: 20 }, (_, index) => peerIdOfSeed(seedOf(100 + index)))
    for (const peer of peers) {
      pass(introducer, peer, envelopeFor(bob), 0)
      pass(introducer, peer, envelopeFor(bob), 0)
    }
    const paused = peers.filter((peer) => introducer.pausedUntil(peer, 1) > 1)
    assert.deepEqual(paused, peers.slice(-8))
  })
})
