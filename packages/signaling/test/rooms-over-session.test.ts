import assert from 'node:assert/strict'
import { deriveRoom, type Room } from '../src/index.ts'
import { ofKind } from './support/envelopes.ts'
import { createMember, dial, KITCHEN, type Member, type MemberOptions } from './support/member.ts'
import { honest, TestNetwork } from './support/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

describe('rooms over one session', () => {
  let clock: VirtualClock
  let network: TestNetwork
  let others: Room[]

  before(async () => {
    others = await Promise.all(['attic', 'cellar', 'den', 'engine room'].map((name) => deriveRoom({ name })))
  })

  beforeEach(() => {
    clock = new VirtualClock()
    network = new TestNetwork(clock)
  })

  async function connected(ofAlice: readonly Room[], ofBob: readonly Room[]): Promise<[Member, Member]> {
    const alice = await createMember(clock, network, { index: 0, rooms: ofAlice })
    const bob = await createMember(clock, network, { index: 1, rooms: ofBob })
    const dialing = dial(alice, bob)
    await clock.advance(200)
    assert.equal(await dialing, 'answered')
    return [alice, bob]
  }

  const shared = (one: Member, other: Member): string[] =>
    one.signaler
      .roomsWith(other.peer)
      .map(({ name }) => name)
      .sort()

  const heard = (member: Member): string[] => {
    const names: string[] = []
    member.signaler.addEventListener('room', ({ detail }) => names.push(detail.room.name))
    return names
  }

  it('both learn of the rooms that both are in, and of no other', async () => {
    const [attic, cellar, den] = others
    const [alice, bob] = await connected([KITCHEN, attic, cellar], [den, cellar, KITCHEN])
    assert.deepEqual(shared(alice, bob), ['cellar', 'kitchen'])
    assert.deepEqual(shared(bob, alice), ['cellar', 'kitchen'])
  })

  it('one that both join later is proven over the live session, whoever joins first', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN], [KITCHEN])
    const news = [heard(alice), heard(bob)]
    alice.signaler.addRoom(attic)
    await clock.advance(200)
    assert.deepEqual([shared(alice, bob), shared(bob, alice)], [['kitchen'], ['kitchen']])
    bob.signaler.addRoom(attic)
    await clock.advance(200)
    assert.deepEqual(shared(alice, bob), ['attic', 'kitchen'])
    assert.deepEqual(shared(bob, alice), ['attic', 'kitchen'])
    assert.deepEqual(
      news.map((names) => [...new Set(names)]),
      [['attic'], ['attic']]
    )
    assert.equal(ofKind(network.seen, 'message1').length, 2, 'the dial and what corrected it, no more')
    const packets = network.seen.length
    await clock.advance(10_000)
    assert.equal(network.seen.length, packets, 'they do not prove it for ever')
  })

  it('more than four are proven, though message 1 holds four proofs', async () => {
    const [alice, bob] = await connected([KITCHEN, ...others], [KITCHEN, ...others])
    await clock.advance(500)
    assert.equal(shared(alice, bob).length, 5)
    assert.equal(shared(bob, alice).length, 5)
  })

  it('one that is left is proven no more', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN, attic])
    bob.signaler.removeRoom(attic)
    assert.deepEqual(shared(bob, alice), ['kitchen'])
    const carol = await createMember(clock, network, { index: 2, rooms: [attic] })
    const dialing = dial(carol, bob, { timeoutMs: 500 })
    await clock.advance(500)
    assert.equal(await dialing, 'SignalingTimeoutError')
  })

  it('one that we are not in is proven to nobody, whoever asks', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN])
    bob.signaler.proveRoom(alice.peer, attic)
    await clock.advance(200)
    assert.deepEqual(shared(alice, bob), ['kitchen'])
  })

  it('one that a peer has left, and come back to, is proven anew, whatever is heard first', async () => {
    const [attic] = others
    for (const heardInOrder of [true, false]) {
      const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN, attic])
      const { instance } = alice.signaler
      alice.signaler.removeRoom(attic)
      if (heardInOrder) assert.ok(bob.signaler.forgetRoom(alice.peer, attic, instance))
      alice.signaler.addRoom(attic)
      await clock.advance(200)
      if (!heardInOrder) {
        // Bob, to whom it is no news, has answered all the same; now the goodbye comes.
        assert.ok(bob.signaler.forgetRoom(alice.peer, attic, instance))
        bob.signaler.proveRoom(alice.peer, attic)
        await clock.advance(200)
      }
      assert.deepEqual([shared(alice, bob), shared(bob, alice)], Array(2).fill(['attic', 'kitchen']))
      network = new TestNetwork(clock)
    }
  })

  it('one that a peer has left, and come back to, is shared though nobody hears of either', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN, attic])
    for (let round = 0; round < 3; round++) {
      alice.signaler.removeRoom(attic)
      alice.signaler.addRoom(attic)
      await clock.advance(200)
      assert.deepEqual([shared(alice, bob), shared(bob, alice)], Array(2).fill(['attic', 'kitchen']))
      await clock.advance(10_000)
    }
  })

  it('one that is proven again and again is proven back ever more rarely', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN, attic])
    const told = heard(bob)
    for (let second = 0; second < 60; second++) {
      for (let proof = 0; proof < 5; proof++) alice.signaler.proveRoom(bob.peer, attic)
      await clock.advance(1000)
    }
    assert.equal(told.length, 6, 'after 0, 1, 3, 7, 15 and 31 s')
  })

  it('one that both know already is not proven to and fro for ever, however long the way', async () => {
    const [attic] = others
    const [alice, bob] = await connected([KITCHEN, attic], [KITCHEN, attic])
    network.setRelay('relay', honest(1500))
    const told = [heard(alice), heard(bob)]
    alice.signaler.proveRoom(bob.peer, attic)
    await clock.advance(60_000)
    const answers = told.flat().length
    await clock.advance(600_000)
    assert.equal(told.flat().length, answers)
  })

  it('one that an older process of a peer has left is still that of the newer one', async () => {
    const [alice, bob] = await connected([KITCHEN], [KITCHEN])
    assert.equal(bob.signaler.forgetRoom(alice.peer, KITCHEN, new Uint8Array(16)), false)
    assert.deepEqual(shared(bob, alice), ['kitchen'])
  })

  it('those that the peer is in are proven first, and the admission hook learns of them', async () => {
    const admitted: string[][] = []
    const [last] = others.slice(-1)
    const alice = await createMember(clock, network, {
      index: 0,
      rooms: [KITCHEN, ...others],
      isIn: (_peer, room) => room === last
    })
    const bob = await createMember(clock, network, {
      index: 1,
      rooms: [last, KITCHEN],
      admit: (_peer, rooms) => {
        admitted.push(rooms.map(({ name }) => name))
        return true
      }
    })
    const dialing = dial(alice, bob)
    await clock.advance(200)
    assert.equal(await dialing, 'answered')
    assert.deepEqual(admitted, [[last.name, 'kitchen']])
  })

  it('a proof from one session says nothing in another', async () => {
    const [attic] = others
    const options: MemberOptions = { index: 2, rooms: [KITCHEN] }
    const [alice, bob] = await connected([KITCHEN], [KITCHEN])
    const carol = await createMember(clock, network, options)
    const dialing = dial(carol, bob)
    await clock.advance(200)
    await dialing
    alice.signaler.addRoom(attic)
    await clock.advance(10)
    // What alice has shown to bob, as a packet of carol's session: the number and the keys do not fit.
    const { bytes } = ofKind(network.seen, 'transport').at(-1)!
    bob.signaler.addRoom(attic)
    network.inject('relay', bob.peer, bytes, carol.peer)
    await clock.advance(200)
    assert.deepEqual(shared(bob, carol), ['kitchen'])
    assert.deepEqual(shared(bob, alice), ['attic', 'kitchen'])
  })
})
