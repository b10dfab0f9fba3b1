import assert from 'node:assert/strict'
import { leakCheck } from '@hearsay/testing/leaks'
import { allConnected, connection, Meshes, nextEvent } from './support/meshes.ts'

describe('mesh', function () {
  this.timeout(30_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  describe('of two', () => {
    it('says of itself that it connects to nobody, where it does not', async () => {
      const alice = await meshes.create({ autoConnect: false })
      const bob = await meshes.create({ bootstrap: alice.addresses[0] })
      await allConnected([alice, bob])
      const [toBob, toAlice] = [bob.members[0], alice.members[0]].map((member) => member?.services)
      assert.deepEqual([toBob, toAlice], [['passive'], []])
    })

    it('connects by itself and answers requests', async () => {
      const alice = await meshes.create()
      alice.handle<{ name: string }>('greet', ({ name }) => ({ text: `Hello, ${name}` }))
      const bob = await meshes.create({ bootstrap: alice.addresses[0] })
      const peer = await connection(bob, alice)
      assert.deepEqual(await peer.request('greet', { name: 'Bob' }), { text: 'Hello, Bob' })
      assert.equal(bob.peers.length, 1)
      assert.deepEqual(
        bob.members.map(({ peerId }) => peerId),
        [alice.peerId]
      )
    })

    it('tells how a connection came about', async () => {
      const [alice, bob] = await meshes.line(2)
      const [atAlice, atBob] = await Promise.all([connection(alice, bob), connection(bob, alice)])
      const [a, b] = await Promise.all([atAlice.stats(), atBob.stats()])
      assert.deepEqual(new Set([a.offeredBy, b.offeredBy]), new Set(['us', 'peer']))
      for (const stats of [a, b]) {
        assert.ok(stats.path === 'direct' || stats.path === 'gossip', String(stats.path))
        assert.ok(stats.openMs > 0)
        assert.equal(stats.localCandidate?.type, 'host')
        assert.equal(stats.state, 'connected')
      }
      assert.equal(atAlice.history.at(-1)?.to, 'connected')
      assert.ok(atAlice.history.every(({ reason }) => reason !== ''))
    })

    it('carries messages both ways, as an iteration and as broadcasts', async () => {
      const [alice, bob] = await meshes.line(2)
      await allConnected([alice, bob])
      const atBob = bob.messages()
      const atAlice = alice.messages()
      assert.deepEqual(await alice.broadcast({ n: 1 }), {
        sent: [bob.peerId],
        failed: [],
        unconnected: 0,
        flooded: false
      })
      assert.deepEqual((await atBob.next()).value, { from: alice.peerId, message: { n: 1 } })
      await bob.peers[0].send('to you alone')
      assert.deepEqual((await atAlice.next()).value, { from: bob.peerId, message: 'to you alone' })
    })

    it('has the channels that both declare, and any opened later', async () => {
      const channels = { files: { kind: 'bulk', codec: 'bytes' } } as const
      const [alice, bob] = await meshes.line(2, { channels })
      const [atAlice, atBob] = await Promise.all([connection(alice, bob), connection(bob, alice)])
      await atAlice.channel<Uint8Array>('files').send(Uint8Array.of(1, 2, 3))
      const [received] = await take(atBob.channel<Uint8Array>('files'), 1)
      assert.deepEqual(received, Uint8Array.of(1, 2, 3))
      const opened = new Promise<string>((resolve) => {
        atBob.addEventListener('channel', ({ detail }) => {
          resolve(detail.label)
        })
      })
      await atAlice.channel('notes', { codec: 'text' }).send('hello')
      assert.equal(await opened, 'notes')
    })

    it('reports a handler that throws on both sides, and harms no other', async () => {
      const alice = await meshes.create()
      alice.handle('bad', () => {
        throw new Error('on purpose')
      })
      alice.handle('good', () => 'fine')
      const bob = await meshes.create({ bootstrap: alice.addresses[0] })
      const peer = await connection(bob, alice)
      const reported = nextEvent(alice, 'error')
      await assert.rejects(peer.request('bad'), { name: 'RemoteHandlerError' })
      assert.equal(Reflect.get(await reported, 'code'), 'ERR_HANDLER_FAILED')
      assert.match((await reported).message, /"bad".*on purpose/)
      assert.equal(await peer.request('good'), 'fine')
    })

    it('takes handlers at any time, one for a type, and takes them back', async () => {
      const [alice, bob] = await meshes.line(2)
      const peer = await connection(bob, alice)
      const takeBack = alice.handle<number>('double', (n, context) => {
        assert.equal(context.peer.peerId, bob.peerId)
        return n * 2
      })
      assert.throws(() => alice.handle('double', () => undefined), { code: 'ERR_HANDLER_EXISTS' })
      assert.equal(await peer.request('double', 21), 42)
      takeBack()
      await assert.rejects(peer.request('double', 21), { code: 'ERR_NO_HANDLER' })
      alice.handle('double', () => 'another')
      takeBack()
      assert.equal(await peer.request('double', 21), 'another')
    })

    it('sets a handler for all peers or for none', async () => {
      const [alice, bob, carol] = await meshes.line(3)
      await allConnected([alice, bob, carol])
      const [first, last] = alice.peers
      last.handle('name', () => 'for one')
      assert.throws(() => alice.handle('name', () => 'for all'), { code: 'ERR_HANDLER_EXISTS' })
      const asker = [bob, carol].find(({ peerId }) => peerId === first.peerId)!
      await assert.rejects(asker.peer(alice.peerId)!.request('name'), { code: 'ERR_NO_HANDLER' })
      last.unhandle('name')
      alice.handle('name', () => 'for all')
      assert.equal(await asker.peer(alice.peerId)!.request('name'), 'for all')
    })
  })

  describe('of many', () => {
    it('connects every pair of a line, through members that only pass on', async () => {
      // A member of a line looks for introducers beyond its neighbour, and is then connected to them.
      const line = await meshes.line(5, { overlayDegree: 1, introducers: 0 })
      await allConnected(line)
      const ends = await (await connection(line[0], line[4])).stats()
      assert.equal(ends.path, 'gossip')
      for (const mesh of line) mesh.handle('who', () => mesh.peerId)
      for (const mesh of line) {
        const answers = await Promise.all(mesh.peers.map((peer) => peer.request('who')))
        assert.deepEqual(
          answers,
          mesh.peers.map(({ peerId }) => peerId)
        )
      }
    })

    it('goes on without the entry, and lets a newcomer in through another member', async () => {
      const line = await meshes.line(4, { overlayDegree: 1 })
      await allConnected(line)
      const [entry, ...rest] = line
      await entry.close()
      const newcomer = await meshes.create({ bootstrap: rest.at(-1)!.addresses[0] })
      await allConnected([newcomer, ...rest])
    })

    it('lets members be started in any order', async () => {
      const reserved = await meshes.create()
      const address = reserved.addresses[0]
      await reserved.close()
      const joining = meshes.create({ bootstrap: address.replace(/\/p2p\/.*/, '') })
      const entry = await meshes.create({ listen: [address.replace(/\/p2p\/.*/, '')] })
      await allConnected([entry, await joining])
    })

    it('connects members that nobody can dial', async () => {
      const entry = await meshes.create()
      const options = { listen: [], bootstrap: entry.addresses[0] }
      const hidden = await Promise.all([meshes.create(options), meshes.create(options)])
      assert.deepEqual(hidden[0].addresses, [])
      await allConnected([entry, ...hidden])
    })

    it('mends the overlay when a member in the middle leaves', async () => {
      const line = await meshes.line(3, { overlayDegree: 1 })
      await allConnected(line)
      const [left, middle, right] = line
      await middle.close()
      await left.peer(right.peerId)!.close()
      const again = await connection(left, right)
      assert.equal(again.state, 'connected')
    })
  })

  describe('end', () => {
    it('is told to the others, with the reason', async () => {
      const [alice, bob] = await meshes.line(2)
      await allConnected([alice, bob])
      const disconnected = nextEvent(alice, 'peer:disconnected')
      const left = nextEvent(alice, 'member:left')
      const ownView = nextEvent(bob, 'peer:disconnected')
      await bob.close()
      const { peer, reason } = await disconnected
      assert.equal(peer.peerId, bob.peerId)
      assert.deepEqual([reason.code, reason.by], ['shutdown', 'remote'])
      assert.equal((await left).reason, 'goodbye')
      assert.equal((await ownView).reason.by, 'local')
      assert.deepEqual(alice.peers, [])
    })

    it('of a connection alone is followed by another', async () => {
      const [alice, bob] = await meshes.line(2)
      const peer = await connection(alice, bob)
      const again = nextEvent(alice, 'peer:connected')
      await peer.close({ code: 'tired', message: 'for now' })
      assert.notEqual(await again, peer)
    })

    it('may come twice, ends iterations, and refuses what is asked later', async () => {
      const [alice, bob] = await meshes.line(2)
      await allConnected([alice, bob])
      const messages = alice.messages()
      const pending = messages.next()
      await Promise.all([alice.close(), alice.close()])
      await alice.close()
      assert.equal((await pending).done, true)
      await assert.rejects(alice.dial(bob.peerId), { name: 'MeshClosedError', code: 'ERR_MESH_CLOSED' })
      await assert.rejects(alice.broadcast('x'), { code: 'ERR_MESH_CLOSED' })
    })

    it('leaves no socket, timer or listener', async () => {
      const leaks = leakCheck()
      const line = await meshes.line(3)
      await allConnected(line)
      await meshes.closeAll()
      await leaks.done()
    })
  })
})

async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of source) if (taken.push(item) === count) break
  return taken
}
