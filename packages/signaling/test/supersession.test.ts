import assert from 'node:assert/strict'
import { x25519 } from '../src/dh/noble.ts'
import { encodeEnvelope } from '../src/envelope/envelope.ts'
import { createIdentity } from '../src/handshake/identity.ts'
import { Initiator } from '../src/handshake/initiator.ts'
import { deriveRoom } from '../src/index.ts'
import { ofKind } from './support/envelopes.ts'
import { bytes, createMember, dial, KITCHEN, seedOf, text, type Member } from './support/member.ts'
import { TestNetwork } from './support/network.ts'
import { createRandomBytes } from './support/random.ts'
import { VirtualClock } from './support/virtual-clock.ts'

describe('two processes of one identity', () => {
  let clock: VirtualClock
  let network: TestNetwork
  let older: Member
  let newer: Member
  let bob: Member

  beforeEach(async () => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
    newer = await createMember(clock, network, { index: 0, life: 1 })
    older = await createMember(clock, network, { index: 0, life: 0 })
    bob = await createMember(clock, network, {
      index: 1,
      evidenceOf: (peer) => (peer === newer.peer ? bytes('what the newer one has signed') : undefined)
    })
    bob.signaler.observeInstance(newer.peer, newer.signaler.instance)
  })

  async function outcomeOfDial(): Promise<unknown> {
    const dialing = older.signaler.dial(bob.peer, bytes('offer'))
    await clock.advance(100)
    return dialing
  }

  it('the older is told at once that a peer knows a newer one, and changes nothing there', async () => {
    assert.deepEqual(await outcomeOfDial(), { outcome: 'refused', code: 'superseded' })
    assert.deepEqual(Object.fromEntries(bob.signaler.dropped), { 'older-instance': 1 })
    assert.equal(bob.offers.length, 0)
    newer.signaler.observeInstance(bob.peer, bob.signaler.instance)
    const dialing = dial(newer, bob, { timeoutMs: 100 })
    await clock.advance(100)
    assert.equal(bob.offers.length, 1)
    await dialing
  })

  it('the older is shown what proves it, stops only once that is verified, and is `superseded` then', async () => {
    const evidence: string[] = []
    let superseded = 0
    older.signaler.addEventListener('evidence', ({ detail }) => evidence.push(text(detail.evidence)))
    older.signaler.addEventListener('superseded', () => superseded++)
    await outcomeOfDial()
    assert.deepEqual(evidence, ['what the newer one has signed'])
    assert.equal(superseded, 0, 'on the word of a peer')
    older.signaler.observeInstance(newer.peer, newer.signaler.instance)
    assert.equal(superseded, 1)
    assert.equal(await dial(older, bob), 'SupersededError')
  })

  it('nobody without the key of the room is told that there is a newer one', async () => {
    const stranger = await createMember(clock, network, {
      index: 0,
      life: -1,
      rooms: [await deriveRoom({ name: 'cellar' })]
    })
    const dialing = dial(stranger, bob, { timeoutMs: 500 })
    await clock.advance(500)
    assert.equal(await dialing, 'SignalingTimeoutError')
    assert.equal(network.seen.filter(({ from }) => from === bob.peer).length, 0)
  })

  it('who replays what an older one said gets few answers, and none to another end', async () => {
    await outcomeOfDial()
    const [{ bytes: recorded }] = ofKind(network.seen, 'message1')
    const before = ofKind(network.seen, 'message2').length
    for (let count = 0; count < 500; count++) {
      network.inject('relay', bob.peer, recorded, `origin ${count}`)
    }
    await clock.advance(100)
    const answers = network.seen.slice(before).filter(({ from }) => from === bob.peer)
    assert.ok(answers.length <= 65)
    assert.ok(answers.every(({ to }) => to === older.peer))
  })

  it('a message 1 from ourselves that is newer supersedes us; an older one does nothing', async () => {
    const ended: string[] = []
    older.signaler.addEventListener('superseded', () => ended.push('older'))
    newer.signaler.addEventListener('superseded', () => ended.push('newer'))
    network.inject('relay', newer.peer, toOurselves(older))
    assert.equal(ended.length, 0)
    // Both have registered under one name; the older is reached by the path that it made last.
    const last = await createMember(clock, network, { index: 0, life: 2 })
    last.signaler.addEventListener('superseded', () => ended.push('last'))
    network.inject('relay', last.peer, toOurselves(newer))
    assert.equal(ended.length, 0)
    const late = await createMember(clock, new TestNetwork(clock), { index: 0, life: 3 })
    network.inject('relay', last.peer, toOurselves(late))
    assert.deepEqual(ended, ['last'])
  })

  /** What no dial of ours would send. */
  function toOurselves(member: Member): Uint8Array {
    const identity = createIdentity(seedOf(0), x25519)
    const secretKey = createRandomBytes(5)(32)
    const { session, message1 } = new Initiator({
      identity,
      x25519,
      ephemeralKey: { secretKey, publicKey: x25519.publicKey(secretKey) },
      remotePublicKey: identity.publicKey,
      remoteStaticKey: identity.staticKey.publicKey,
      rooms: [KITCHEN],
      payload: {
        initiatorInstance: member.signaler.instance,
        responderInstance: new Uint8Array(0),
        dialSerial: 1,
        offer: bytes('offer')
      }
    })
    const head = { version: 1, recipient: identity.peerBytes, session, kind: 'message1', number: 0 } as const
    return encodeEnvelope({ ...head, body: message1 })
  }
})
