import assert from 'node:assert/strict'
import { decodeEnvelope, encodeEnvelope, encodeRetry } from '../src/envelope/envelope.ts'
import { Introducer } from '../src/introduction/introducer.ts'
import { peerIdBytes, peerIdOfSeed, publicKeyOf } from '../src/peer-key.ts'
import { bytes, createMember, describe as sdp, seedOf, type Member } from './support/member.ts'
import { TestNetwork, type Onward, type Relay } from './support/network.ts'
import { createRandom } from './support/random.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const SEED = 20_261
const MEMBERS = 10
/** Twelve by each member: its first may find two bad introducers and wait for the third, and it learns from that. */
const DIALS = 120
const HOP_MS = 50
const JITTER_MS = 10
const FLOOD_PER_SECOND = 5_000
const FLOOD_MS = 8_000

/** What a bad introducer does with each envelope; it also has a clock, and all that passed it. */
type Mischief = (world: World & { readonly honest: Relay }, lane: string) => Relay

interface World {
  readonly clock: VirtualClock
  readonly network: TestNetwork
  readonly random: () => number
  readonly members: readonly Member[]
}

const MISCHIEFS: Record<string, Mischief> = {
  silent: () => () => [],
  slow:
    ({ honest }) =>
    (carried) =>
      honest(carried).map((onward) => ({ ...onward, delayMs: onward.delayMs + 4_000 })),
  garbling:
    ({ honest }) =>
    (carried) =>
      honest(carried).map((onward) => ({
        ...onward,
        bytes: onward.bytes.map((byte, index) => (index > 70 ? byte ^ 0xff : byte))
      })),
  lying:
    () =>
    ({ from, to, bytes: envelope }) =>
      lies(from, to, envelope),
  replaying:
    ({ network, random, honest }) =>
    (carried) => {
      const old = Array.from({ length: 10 }, () => network.seen[Math.floor(random() * network.seen.length)])
      return [carried, ...old].flatMap(honest)
    },
  flooding: ({ clock, network, members }, lane) => {
    let count = 0
    const junk = () => {
      for (let each = 0; each < FLOOD_PER_SECOND / 100; each++) {
        const to = members[count++ % members.length]
        // In the name of somebody who sent nothing.
        const origin = members[count % members.length].peer
        network.inject(lane, to.peer, forged(to.peer, count % 2 === 0 ? 'message1' : 'transport'), origin)
      }
      if (clock.now() < FLOOD_MS) {
        clock.setTimeout(junk, 10)
      }
    }
    junk()
    return () => []
  }
}

function forged(recipient: string, kind: 'message1' | 'message2' | 'transport' | 'retry'): Uint8Array {
  return encodeEnvelope({
    version: 1,
    recipient: peerIdBytes(publicKeyOf(recipient)),
    session: new Uint8Array(16).fill(7),
    kind,
    number: 0,
    body: new Uint8Array(300)
  })
}

function lies(from: string, to: string, envelope: Uint8Array): Onward[] {
  const { session } = decodeEnvelope(envelope)!
  const retry = encodeRetry({ cookie: new Uint8Array(16).fill(9), versions: [7] })
  const answer = { ...decodeEnvelope(forged(from, 'message2'))!, session }
  return [
    { to: from, bytes: encodeEnvelope({ ...answer, kind: 'retry', body: retry }), origin: to },
    { to: from, bytes: encodeEnvelope(answer), origin: to },
    { to, bytes: encodeEnvelope({ ...decodeEnvelope(forged(to, 'message1'))!, session }), origin: from }
  ].map((lie) => ({ ...lie, delayMs: 1 }))
}

describe('hostile introducers', () => {
  /**
   * Members that dial each other, each known through three introducers, of which `bad` do mischief. The times that the
   * dials took, in order; every one of them must succeed.
   */
  async function run(bad: number, mischief?: Mischief): Promise<{ times: number[]; world: World }> {
    const clock = new VirtualClock()
    const network = new TestNetwork(clock)
    const random = createRandom(SEED)
    const names = ['i0', 'i1', 'i2']
    const members: Member[] = []
    for (let index = 0; index < MEMBERS; index++) {
      const path = network.path('introducer', peerIdOfSeed(seedOf(index)), {
        // Each names its introducers in an order of its own.
        intermediaries: (peer) => rotate(names, peer.charCodeAt(peer.length - 1))
      })
      members.push(await createMember(clock, network, { index, paths: [path] }))
    }
    const world = { clock, network, random, members }
    for (const [index, name] of names.entries()) {
      const lane = `introducer|${name}`
      const honest = honestIntroducer(clock, random, members)
      network.setRelay(
        lane,
        index < bad && mischief !== undefined ? mischief({ ...world, honest }, lane) : honest
      )
    }
    const times: number[] = []
    for (let count = 0; count < DIALS; count++) {
      const [from, to] = [members[count % MEMBERS], members[(count + 1 + (count % 7)) % MEMBERS]]
      from.signaler.observeInstance(to.peer, to.signaler.instance)
      const startedAt = clock.now()
      let took: number | undefined
      const dialing = from.signaler.dial(to.peer, sdp('offer', from.peer)).then((result) => {
        took = clock.now() - startedAt
        return result
      })
      await clock.advance(800)
      assert.ok(took !== undefined, `dial ${count} is not answered, seed ${SEED}`)
      const result = await dialing
      assert.equal(result.outcome, 'answered')
      times.push(took)
      result.session.send(bytes(`hello ${count}`))
    }
    await clock.advance(30_000)
    const received = members.flatMap((member) => member.received).toSorted()
    assert.deepEqual(received, Array.from(times, (_, count) => `hello ${count}`).toSorted())
    return { times, world }
  }

  let calm: number

  before('without any', async () => {
    const { times, world } = await run(0)
    calm = quantile(times, 0.95)
    await stop(world)
  })

  it('do not, where there are none, keep a dial from taking one round trip and eight envelopes', async () => {
    const { times, world } = await run(0)
    assert.ok(quantile(times, 0.95) < 4 * (HOP_MS + JITTER_MS), String(quantile(times, 0.95)))
    const handshakes = world.network.seen.filter(
      ({ bytes: each }) => decodeEnvelope(each)?.kind !== 'transport'
    )
    // Each goes to the introducer and from there to the recipient.
    assert.ok((2 * handshakes.length) / times.length < 9, String((2 * handshakes.length) / times.length))
    await stop(world)
  })

  for (const [name, mischief] of Object.entries(MISCHIEFS)) {
    for (const bad of [1, 2]) {
      it(`stop no dial and no message, and slow few: ${bad} of three are ${name}`, async () => {
        const { times, world } = await run(bad, mischief)
        const rough = quantile(times, 0.95)
        assert.ok(rough <= 2 * calm, `p95 is ${rough} ms, and ${calm} ms without them; seed ${SEED}`)
        await stop(world)
      }).timeout(60_000)
    }
  }

  it('that flood in the name of another take nothing from what honest ones bring of that other', async () => {
    const { world } = await run(1, MISCHIEFS.flooding)
    const { clock, members, network } = world
    const [alice, bob] = members
    const before = bob.signaler.dropped.get('over-quota') ?? 0
    assert.ok(before > 1_000, 'the flood is what is dropped')
    network.setRelay('introducer|i0', () => [])
    const dialing = alice.signaler.dial(bob.peer, sdp('offer', 'alice'))
    await clock.advance(4 * (HOP_MS + JITTER_MS))
    assert.equal((await dialing).outcome, 'answered')
    await stop(world)
  }).timeout(60_000)
})

/** An introducer as the protocol has it, with its quotas, behind two hops. */
function honestIntroducer(clock: VirtualClock, random: () => number, members: readonly Member[]): Relay {
  const introducer = new Introducer({}, clock.now())
  for (const { peer } of members) {
    introducer.handleRegister(peer)
  }
  return ({ from, bytes: envelope }) => {
    const delayMs = 2 * HOP_MS + 2 * JITTER_MS * random()
    const now = clock.now()
    const forwarding = introducer.admits(from, envelope.length, now)
      ? introducer.handleEnvelope(from, envelope, now)
      : undefined
    return forwarding?.action === 'forward'
      ? [{ to: forwarding.recipient, bytes: envelope, delayMs, origin: from }]
      : []
  }
}

async function stop({ clock, members }: World): Promise<void> {
  await Promise.all(members.map(({ signaler }) => signaler.stop()))
  await clock.advance(10_000)
  assert.equal(clock.pendingTimers, 0)
}

function rotate<T>(values: readonly T[], by: number): T[] {
  const start = by % values.length
  return [...values.slice(start), ...values.slice(0, start)]
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}
