import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeEnvelope } from '../src/envelope/envelope.ts'
import { deriveRoom } from '../src/index.ts'
import { WINDOW } from '../src/transport/replay-window.ts'
import { ofKind } from './support/envelopes.ts'
import { bytes, createMember, describe as sdp, dial, KITCHEN, type Member } from './support/member.ts'
import { TestNetwork, type Carried } from './support/network.ts'
import { createRandom } from './support/random.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const PATHS = ['left', 'middle', 'right']

/** Under bad weather, everything that one side may do to the other. */
type Act = 'dial' | 'send' | 'close' | 'restart' | 'join'

const act = fc.record({
  byFirst: fc.boolean(),
  at: fc.integer({ min: 0, max: 4000 }),
  act: fc.constantFrom<Act>('dial', 'dial', 'send', 'send', 'close', 'restart', 'join')
})

const weather = fc.record({
  seed: fc.nat(),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
  maxDelayMs: fc.integer({ min: 1, max: 700 }),
  answerDelayMs: fc.integer({ min: 0, max: 300 })
})

/** What must hold of all that ever went over the wire. */
function assertSentOnce(seen: readonly Carried[]): void {
  const bodies = new Map<string, string>()
  for (const { from, bytes: envelope } of seen) {
    const { session, kind, number, body } = decodeEnvelope(envelope)!
    // What corrects a message 1 is a new message 2 each time, for nothing is kept: under an ephemeral key of its own.
    const ephemeral = kind === 'message2' ? Buffer.from(body.subarray(0, 32)).toString('hex') : ''
    const name = [from, Buffer.from(session).toString('hex'), kind, number, ephemeral].join(' ')
    const hex = Buffer.from(body).toString('hex')
    if (kind === 'retry') continue
    assert.equal(bodies.get(name) ?? hex, hex, `${name} was sealed twice`)
    bodies.set(name, hex)
  }
}

/** New packets stay close to what may still be on its way: within the window that the other side keeps. */
function assertWithinWindow(seen: readonly Carried[]): void {
  const highest = new Map<string, number>()
  for (const { from, bytes: envelope } of seen) {
    const { session, kind, number } = decodeEnvelope(envelope)!
    if (kind !== 'transport') continue
    const name = `${from} ${Buffer.from(session).toString('hex')}`
    const top = Math.max(number, highest.get(name) ?? 0)
    assert.ok(top - number < WINDOW / 2, 'a retransmission that the other side would take for too old')
    highest.set(name, top)
  }
}

describe('two signalers', () => {
  it('agree in the end, seal nothing twice and keep to their windows, whatever happens in whatever order', async () => {
    const attic = await deriveRoom({ name: 'attic' })
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 10 }), weather, async (acts, conditions) => {
        const { seed, loss, duplication, maxDelayMs, answerDelayMs } = conditions
        const clock = new VirtualClock()
        const network = new TestNetwork(clock)
        const random = createRandom(seed)
        let isCalm = false
        for (const path of PATHS) {
          network.setRelay(path, ({ to, bytes: envelope }) => {
            const copies = isCalm ? 1 : random() < loss ? 0 : random() < duplication ? 3 : 1
            return Array.from({ length: copies }, () => ({
              to,
              bytes: envelope,
              delayMs: isCalm ? 10 : random() * maxDelayMs
            }))
          })
        }
        const lives = [0, 0]
        const create = (index: number): Promise<Member> =>
          createMember(clock, network, {
            index,
            life: lives[index]++,
            pathNames: PATHS,
            onOffer: (offer, member) => {
              const answer = (): void => void member.adopt(offer.answer(sdp('answer', member.peer)))
              clock.setTimeout(answer, random() * answerDelayMs)
            }
          })
        const members = [await create(0), await create(1)]
        const perform = async (kind: Act, index: number): Promise<void> => {
          const member = members[index]
          switch (kind) {
            case 'dial':
              await dial(member, members[1 - index].peer)
              return
            case 'send':
              for (const session of member.open) session.send(bytes(`from ${index}`))
              return
            case 'close':
              for (const session of member.open) session.close()
              return
            case 'join':
              member.signaler.addRoom(attic)
              return
            case 'restart':
              await member.signaler.stop()
              members[index] = await create(index)
          }
        }
        for (const { byFirst, at, act: kind } of acts) {
          clock.setTimeout(() => void perform(kind, byFirst ? 0 : 1), at)
        }
        // Until every dial and every session that leads nowhere has ended.
        await clock.advance(60_000)
        isCalm = true
        const [one, other] = members
        const dialing = dial(one, other)
        await clock.advance(5000)
        assert.equal(await dialing, 'answered')
        assert.deepEqual([one.open.size, other.open.size], [1, 1])
        const [[onOne], [onOther]] = [[...one.open], [...other.open]]
        assert.deepEqual(onOne.helloKey, onOther.helloKey)
        assert.deepEqual(
          [onOne.remoteInstance, onOther.remoteInstance],
          [other.signaler.instance, one.signaler.instance]
        )
        onOne.send(bytes('ping'))
        onOther.send(bytes('pong'))
        await clock.advance(2000)
        assert.deepEqual([one.received.at(-1), other.received.at(-1)], ['pong', 'ping'])
        const shared = members.map(
          (member, index) => member.signaler.roomsWith(members[1 - index].peer).length
        )
        assert.equal(shared[0], shared[1], 'both know of the same rooms')
        assertSentOnce(network.seen)
        assertWithinWindow(network.seen)
        await Promise.all(members.map(({ signaler }) => signaler.stop()))
        await clock.advance(1000)
        assert.equal(clock.pendingTimers, 0)
      }),
      { numRuns: 60 }
    )
  }).timeout(120_000)

  it('send message 1 as the same bytes on every path and every time, and another offer under another session', async () => {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    for (const path of PATHS) network.setRelay(path, () => [])
    const [alice, bob] = [
      await createMember(clock, network, { index: 0, pathNames: PATHS, rooms: [KITCHEN] }),
      await createMember(clock, network, { index: 1, pathNames: PATHS, rooms: [KITCHEN] })
    ]
    const first = dial(alice, bob, { timeoutMs: 5000 })
    await clock.advance(5000)
    assert.equal(await first, 'SignalingTimeoutError')
    const sent = ofKind(network.seen, 'message1')
    assert.deepEqual([...new Set(sent.map(({ path }) => path))].sort(), PATHS)
    assert.ok(sent.length > 4)
    assert.equal(new Set(sent.map(({ bytes: envelope }) => Buffer.from(envelope).toString('hex'))).size, 1)
    const second = dial(alice, bob, { timeoutMs: 10 })
    await clock.advance(10)
    await second
    const [before, after] = [sent[0], network.seen.at(-1)!].map(({ bytes: envelope }) =>
      decodeEnvelope(envelope)!
    )
    assert.notDeepEqual(before.session, after.session)
    assert.notDeepEqual(before.body.subarray(0, 32), after.body.subarray(0, 32), 'another ephemeral key')
  })
})
