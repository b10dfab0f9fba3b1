import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { leakCheck } from '@hearsay/testing/leaks'
import { createMesh, generateRoomKey, renderInvite } from '../src/index.ts'
import { Presence } from '../src/presence/presence.ts'
import { allConnected, connection, LOOPBACK, Meshes, nextEvent } from './support/meshes.ts'
import type { Mesh, MeshPeer, MeshRoom } from '../src/index.ts'

describe('several rooms in one mesh', function () {
  this.timeout(30_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  /** Resolves once that room has a connected peer that has proven to be in it. */
  async function joined(room: MeshRoom, other: Mesh): Promise<MeshPeer> {
    for (;;) {
      const peer = room.peers.find(({ peerId }) => peerId === other.peerId)
      if (peer !== undefined) return peer
      await new Promise((resolve) => {
        room.addEventListener('peer:joined', resolve, { once: true })
      })
    }
  }

  async function heardOf(room: MeshRoom, other: Mesh): Promise<void> {
    while (!room.members.some(({ peerId }) => peerId === other.peerId)) {
      await new Promise((resolve) => {
        room.addEventListener('member:discovered', resolve, { once: true })
      })
    }
  }

  async function gone(mesh: Mesh, other: Mesh): Promise<string> {
    const { reason } = await nextEvent(mesh, 'peer:disconnected', ({ peer }) => peer.peerId === other.peerId)
    return reason.code
  }

  it('share one connection, and those who share two rooms see each other in both', async () => {
    const roomKey = generateRoomKey()
    const [alice, bob] = await meshes.line(2)
    await allConnected([alice, bob])
    const peer = await connection(alice, bob)
    const atAlice = await alice.join({ room: 'attic', roomKey })
    const atBob = await bob.join({ room: 'attic', roomKey })
    let others = 0
    for (const mesh of [alice, bob]) mesh.addEventListener('peer:connected', () => others++)
    assert.equal(await joined(atAlice, bob), peer, 'the connection that there was')
    await joined(atBob, alice)
    await Promise.all([heardOf(atAlice, bob), heardOf(atBob, alice)])
    assert.deepEqual(
      [alice, bob].map(({ peers }) => peers.map(({ rooms }) => rooms)),
      [[['kitchen', 'attic']], [['kitchen', 'attic']]]
    )
    assert.deepEqual([alice.room, atAlice.room], ['kitchen', 'attic'])
    assert.equal(alice.members.length, 1)
    assert.equal(others, 0)
  })

  it('are entered each by its own way, an invite too', async () => {
    const roomKey = generateRoomKey()
    const alice = await meshes.create()
    const carol = await meshes.create({ room: 'attic', roomKey })
    const invite = renderInvite({ room: 'attic', key: roomKey, bootstrap: carol.addresses.slice(0, 1) })
    const bob = await meshes.create({ bootstrap: alice.addresses[0] })
    const attic = await bob.join({ invite })
    const [toCarol, toAlice] = [await joined(attic, carol), await connection(bob, alice)]
    assert.deepEqual([toCarol.rooms, toAlice.rooms], [['attic'], ['kitchen']])
    const heard = carol.messages()
    const whole = { failed: [], unconnected: 0, flooded: false }
    while (bob.members.length + attic.members.length < 2) await setTimeout(20)
    assert.deepEqual(await attic.broadcast('up here'), { ...whole, sent: [carol.peerId] })
    assert.deepEqual((await heard.next()).value, { from: bob.peerId, message: 'up here' })
    assert.deepEqual(await bob.broadcast('down there'), { ...whole, sent: [alice.peerId] })
  })

  it('have broadcasts of their own, of which each arrives once, over sessions and by gossip', async () => {
    const line = await meshes.line(3, { autoConnect: false })
    const [alice, bob, carol] = line
    const rooms = await Promise.all(line.map((mesh) => mesh.join({ room: 'attic' })))
    const [attic] = rooms
    await alice.dial(bob.peerId)
    await joined(attic, bob)
    await joined(rooms[1], alice)
    await Promise.all([heardOf(attic, bob), heardOf(attic, carol), heardOf(rooms[2], alice)])
    while (alice.members.length < 2 || carol.members.length < 2) await setTimeout(20)
    const [atBob, atCarol]: string[][] = [[], []]
    const listen = async (mesh: Mesh, heard: string[]): Promise<void> => {
      for await (const { message } of mesh.messages()) heard.push(String(message))
    }
    void listen(bob, atBob)
    void listen(carol, atCarol)
    const say = (text: string) => (text.startsWith('attic') ? attic : alice).broadcast(text)
    // Until gossip has settled in each room, what is said there may be lost.
    const heardAt = (heard: string[], room: string, text: string) => heard.includes(`${room} ${text}`)
    for (let round = 0; ; round++) {
      for (const room of ['kitchen', 'attic']) await say(`${room} round ${round}`)
      for (let waits = 0; waits < 25 && !heardAt(atCarol, 'attic', `round ${round}`); waits++)
        await setTimeout(20)
      if (['kitchen', 'attic'].every((room) => heardAt(atCarol, room, `round ${round}`))) break
    }
    const said = ['kitchen 1', 'attic 1', 'attic 2', 'kitchen 2']
    for (const text of said) {
      const { sent, flooded, floodError } = await say(text)
      assert.deepEqual([sent, flooded], [[bob.peerId], true], String(floodError))
    }
    await say('kitchen last')
    await say('attic last')
    while (!said.every((text) => atCarol.includes(text))) await setTimeout(20)
    while (!['kitchen', 'attic'].every((room) => heardAt(atCarol, room, 'last'))) await setTimeout(20)
    while (!heardAt(atBob, 'attic', 'last')) await setTimeout(20)
    assert.deepEqual(
      atBob.filter((text) => said.includes(text)),
      said,
      'over the session, in order'
    )
    for (const heard of [atBob, atCarol])
      assert.equal(heard.length, new Set(heard).size, 'nothing came twice')
  })

  it('are kept apart: who is in one of them alone learns of nobody in the other', async () => {
    const common = await meshes.create()
    const attic = await common.join({ room: 'attic' })
    const inKitchen = await meshes.create({ bootstrap: common.addresses[0] })
    const inAttic = await meshes.create({ room: 'attic', bootstrap: common.addresses[0] })
    const later = await meshes.create({ bootstrap: common.addresses[0] })
    await Promise.all([
      joined(attic, inAttic),
      allConnected([common, inKitchen, later]),
      connection(inAttic, common)
    ])
    while (inKitchen.members.length < 2 || later.members.length < 2) await setTimeout(20)
    assert.deepEqual(
      inAttic.members.map(({ peerId }) => peerId),
      [common.peerId]
    )
    assert.equal(inKitchen.peer(inAttic.peerId), undefined)
    assert.equal(inAttic.peer(inKitchen.peerId), undefined)
    await assert.rejects(inKitchen.dial(inAttic.peerId, { timeoutMs: 1_500 }), { code: 'ERR_DIAL_FAILED' })
  })

  it('each hold together over connections alone, whoever is between their members in another', async () => {
    const all = await meshes.line(6, { overlayDegree: 1 })
    await allConnected(all)
    const rooms = await Promise.all([0, 2, 4].map((index) => all[index].join({ room: 'attic' })))
    const inAttic = [all[0], all[2], all[4]]
    const eachSees = (room: MeshRoom, others: readonly Mesh[]) =>
      Promise.all(others.map((other) => heardOf(room, other)))
    await Promise.all(rooms.map((room, index) => eachSees(room, inAttic.toSpliced(index, 1))))
    await Promise.all(all.map((mesh) => mesh.unlisten()))
    const late = await all[5].join({ room: 'attic' })
    await eachSees(late, inAttic)
    await Promise.all(rooms.map((room) => eachSees(room, [all[5]])))
  })

  it('tell the admission hook what a peer has proven', async () => {
    const asked = new Map<string, readonly string[]>()
    const alice = await meshes.create({
      autoConnect: false,
      admit: (peerId, { rooms }) => {
        asked.set(peerId, rooms)
        return true
      }
    })
    await alice.join({ room: 'attic' })
    const bob = await meshes.create({ autoConnect: false, bootstrap: alice.addresses[0] })
    await bob.join({ room: 'attic' })
    const carol = await meshes.create({ room: 'attic', autoConnect: false, bootstrap: alice.addresses[0] })
    await bob.dial(alice.peerId)
    await carol.dial(alice.peerId)
    assert.deepEqual(asked.get(bob.peerId)?.toSorted(), ['attic', 'kitchen'])
    assert.deepEqual(asked.get(carol.peerId), ['attic'])
  })

  it('are each for the admission hook to open, whatever the connection was made for', async () => {
    const asked: string[] = []
    const alice = await meshes.create({
      autoConnect: false,
      admit: (_peerId, { rooms }) => {
        asked.push(rooms.join(' '))
        return !rooms.includes('attic')
      }
    })
    const bob = await meshes.create({ autoConnect: false, bootstrap: alice.addresses[0] })
    await bob.dial(alice.peerId)
    const [atAlice, atBob] = [await alice.join({ room: 'attic' }), await bob.join({ room: 'attic' })]
    await Promise.all([joined(atBob, alice), heardOf(atAlice, bob)])
    while (!asked.includes('kitchen attic')) await setTimeout(20)
    await setTimeout(0)
    assert.deepEqual([atAlice.peers, alice.peers.map(({ rooms }) => rooms)], [[], [['kitchen']]])
    assert.deepEqual((await atAlice.broadcast('up here')).sent, [])
    assert.deepEqual((await alice.broadcast('down there')).sent, [bob.peerId])
  })

  it('are opened by the hook also to whom we dial, who may prove more than we dialed it for', async () => {
    const asked: string[] = []
    const bob = await meshes.create({ autoConnect: false })
    const alice = await meshes.create({
      bootstrap: bob.addresses[0],
      admit: async (_peerId, { rooms }) => {
        asked.push(rooms.toSorted().join(' '))
        // Until then presence tells of the kitchen alone.
        if (asked.length === 1) await Promise.all([alice, bob].map((mesh) => mesh.join({ room: 'attic' })))
        return !rooms.includes('attic')
      }
    })
    const peer = await connection(alice, bob)
    while (asked.length < 2) await setTimeout(20)
    await setTimeout(0)
    assert.deepEqual([asked, peer.rooms], [['kitchen', 'attic kitchen'], ['kitchen']])
  })

  describe('left', () => {
    it('end the connections to those who share no other, and these alone', async () => {
      const alice = await meshes.create()
      const atAlice = await alice.join({ room: 'attic' })
      const bob = await meshes.create({ bootstrap: alice.addresses[0] })
      const atBob = await bob.join({ room: 'attic' })
      const carol = await meshes.create({ room: 'attic', bootstrap: alice.addresses[0] })
      await Promise.all([joined(atAlice, bob), joined(atBob, carol), joined(atAlice, carol)])
      const toBob = await connection(alice, bob)
      const [atCarol, left] = [gone(carol, alice), nextEvent(carol, 'member:left')]
      const leftAtBob = new Promise((resolve) => {
        atBob.addEventListener('peer:left', resolve, { once: true })
      })
      await atAlice.leave()
      await atAlice.leave()
      assert.equal(await atCarol, 'left-room')
      assert.equal((await left).member.peerId, alice.peerId)
      await leftAtBob
      assert.deepEqual([toBob.state, toBob.rooms], ['connected', ['kitchen']])
      assert.deepEqual(bob.peer(alice.peerId)?.rooms, ['kitchen'])
      assert.deepEqual(
        [alice.peers.map(({ peerId }) => peerId), atAlice.peers, atAlice.members],
        [[bob.peerId], [], []]
      )
      assert.equal(bob.peer(carol.peerId)?.state, 'connected')
      await assert.rejects(atAlice.broadcast('x'), { code: 'ERR_ROOM_LEFT' })
      await assert.rejects(carol.dial(alice.peerId, { timeoutMs: 1_000 }), { code: 'ERR_DIAL_FAILED' })
    })

    it('are left for good to who joins them while the goodbye is still on its way', async () => {
      const [alice, bob] = await meshes.line(2)
      await allConnected([alice, bob])
      const atAlice = await alice.join({ room: 'attic' })
      // Its proof is to have come, and been let go.
      await setTimeout(200)
      const stop: (this: Presence) => Promise<void> = Reflect.get(Presence.prototype, 'stop')
      const farewell = Promise.withResolvers<undefined>()
      try {
        Presence.prototype.stop = async function () {
          await stop.call(this)
          await farewell.promise
        }
        void atAlice.leave()
        const atBob = await bob.join({ room: 'attic' })
        await setTimeout(200)
        assert.equal(atBob.peers.length, 0)
      } finally {
        Presence.prototype.stop = stop
        farewell.resolve(undefined)
      }
    })

    it('and joined again, call old what was said there before', async () => {
      const presences: Presence[] = []
      const start: (this: Presence) => Promise<void> = Reflect.get(Presence.prototype, 'start')
      Presence.prototype.start = function () {
        presences.push(this)
        return start.call(this)
      }
      try {
        const [alice, bob] = await meshes.line(2)
        await allConnected([alice, bob])
        const [first, atBob] = [await alice.join({ room: 'attic' }), await bob.join({ room: 'attic' })]
        await heardOf(atBob, alice)
        const settled = () => presences.map((presence) => presence.get(alice.peerId)?.settled ?? 0)
        await first.broadcast('x')
        assert.equal(Math.max(...settled()), 0)
        await first.leave()
        while (atBob.members.length > 0) await setTimeout(20)
        await alice.join({ room: 'attic' })
        await heardOf(atBob, alice)
        assert.deepEqual(settled().toSorted().slice(-2), [0, 1], 'in the attic alone')
      } finally {
        Presence.prototype.start = start
      }
    })

    it('may be joined again, over the connection that stands', async () => {
      const [alice, bob] = await meshes.line(2)
      const peer = await connection(alice, bob)
      const atBob = await bob.join({ room: 'attic' })
      for (let round = 0; round < 2; round++) {
        const atAlice = await alice.join({ room: 'attic' })
        assert.equal(await joined(atAlice, bob), peer)
        await Promise.all([joined(atBob, alice), heardOf(atAlice, bob), heardOf(atBob, alice)])
        const left = new Promise((resolve) => {
          atBob.addEventListener('member:left', resolve, { once: true })
        })
        await atAlice.leave()
        await left
        assert.deepEqual(peer.rooms, ['kitchen'])
      }
    })
  })

  it('refuse what cannot be joined, and say why', async () => {
    const alice = await meshes.create()
    await assert.rejects(alice.join({ room: 'kitchen' }), { code: 'ERR_ROOM_JOINED' })
    await assert.rejects(alice.join({}), { code: 'ERR_INVALID_OPTION' })
    await assert.rejects(alice.join({ room: 'attic', listen: [] } as object), { code: 'ERR_UNKNOWN_OPTION' })
    await assert.rejects(alice.join({ room: 'attic', invite: 'x' }), { code: 'ERR_INVALID_OPTION' })
    const bootstrap = '/ip4/127.0.0.1/tcp/1'
    await assert.rejects(alice.join({ room: 'attic', bootstrap, bootstrapTimeoutMs: 300 }), {
      code: 'ERR_BOOTSTRAP_UNREACHABLE'
    })
    await (await alice.join({ room: 'attic' })).leave()
    const rooms = Array.from({ length: 15 }, (_, index) => ({ room: `room ${index}` }))
    await Promise.all(rooms.map((options) => alice.join(options)))
    await assert.rejects(alice.join({ room: 'one more' }), { code: 'ERR_ROOM_LIMIT' })
    await alice.close()
    await assert.rejects(alice.join({ room: 'attic' }), { code: 'ERR_MESH_CLOSED' })
  })

  it('end with the mesh, which does not wait for who is joining', async () => {
    const alice = await createMesh({ room: 'kitchen', listen: LOOPBACK })
    const joining = alice.join({ room: 'attic', bootstrap: '/ip4/127.0.0.1/tcp/1' })
    const failed = assert.rejects(joining, { code: 'ERR_MESH_CLOSED' })
    await alice.join({ room: 'cellar' })
    await alice.close()
    await failed
  })

  it('tell once that nobody here shares their key', async () => {
    const [alice] = await meshes.line(2, { keyMismatchTimeoutMs: 500 })
    const attic = await alice.join({ room: 'attic', password: 'mistyped' })
    const detail = await new Promise((resolve) => {
      attic.addEventListener('room:key-mismatch', (event) => {
        resolve(event.detail)
      })
    })
    assert.deepEqual(detail, { room: 'attic' })
  })

  it('leave no socket, timer or listener', async () => {
    const leaks = leakCheck()
    const [alice, bob, carol] = await meshes.line(3)
    const rooms = await Promise.all([alice, bob, carol].map((mesh) => mesh.join({ room: 'attic' })))
    await Promise.all([joined(rooms[0], carol), joined(rooms[1], alice), joined(rooms[2], bob)])
    await rooms[1].leave()
    await meshes.closeAll()
    await leaks.done()
  })
})
