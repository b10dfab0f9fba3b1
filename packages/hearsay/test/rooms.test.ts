import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { createMesh, generateRoomKey, renderInvite } from '../src/index.ts'
import { allConnected, connection, LOOPBACK, Meshes, nextEvent } from './support/meshes.ts'
import type { MeshPeer } from '../src/index.ts'

describe('room', function () {
  this.timeout(30_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  it('with a password connects those who know it', async () => {
    const [alice, bob] = await meshes.line(2, { password: 'correct horse' })
    await allConnected([alice, bob])
  })

  it('with a key connects those who have it, in either form', async () => {
    const roomKey = generateRoomKey()
    const [alice, bob] = await meshes.line(2, { roomKey })
    await allConnected([alice, bob])
  })

  it('is entered with an invite alone, which carries its key and a way in', async () => {
    const roomKey = generateRoomKey()
    const alice = await meshes.create({ room: 'kitchen', roomKey })
    const invite = renderInvite({ room: 'kitchen', key: roomKey, bootstrap: alice.addresses.slice(0, 1) })
    await using bob = await createMesh({ invite, listen: LOOPBACK })
    assert.equal(bob.room, 'kitchen')
    await allConnected([alice, bob])
  })

  it('tells the owner of a wrong password once that nobody here shares the key, and connects nobody', async () => {
    const alice = await meshes.create({ password: 'correct horse' })
    const mallory = await meshes.create({
      password: 'wrong horse',
      bootstrap: alice.addresses[0],
      keyMismatchTimeoutMs: 1_000
    })
    let told = 0
    mallory.addEventListener('room:key-mismatch', () => told++)
    const connections: MeshPeer[] = []
    alice.addEventListener('peer:connected', ({ detail }) => connections.push(detail))
    assert.deepEqual(await nextEvent(mallory, 'room:key-mismatch'), { room: 'kitchen' })
    const dialing = mallory.dial(alice.peerId, { timeoutMs: 1_500 })
    await assert.rejects(dialing, { code: 'ERR_DIAL_FAILED' })
    assert.equal(told, 1)
    assert.deepEqual(mallory.members, [])
    assert.deepEqual(alice.members, [])
    assert.deepEqual(connections, [])
  })

  it('of another name is another room', async () => {
    const alice = await meshes.create({ room: 'kitchen' })
    const bob = await meshes.create({
      room: 'cellar',
      bootstrap: alice.addresses[0],
      keyMismatchTimeoutMs: 500
    })
    await nextEvent(bob, 'room:key-mismatch')
    assert.deepEqual(bob.members, [])
  })

  describe('admission', () => {
    it('is asked with the peer and its rooms, and its refusal is told', async () => {
      const asked: unknown[] = []
      const alice = await meshes.create({
        autoConnect: false,
        admit: (peerId, { rooms }) => {
          asked.push([peerId, rooms])
          return false
        }
      })
      const bob = await meshes.create({ autoConnect: false, bootstrap: alice.addresses[0] })
      await nextEvent(bob, 'member:discovered')
      await assert.rejects(bob.dial(alice.peerId), (error) => {
        assert.ok(error instanceof Error)
        assert.deepEqual(
          [error.name, Reflect.get(error, 'code'), Reflect.get(error, 'refusal')],
          ['PeerRefusedError', 'ERR_PEER_REFUSED', 'not-admitted']
        )
        return true
      })
      assert.deepEqual(asked, [[bob.peerId, ['kitchen']]])
    })

    it('is asked before a member is dialed unbidden, too', async () => {
      const asked = Promise.withResolvers<string>()
      const alice = await meshes.create({
        admit: (peerId) => {
          asked.resolve(peerId)
          return false
        }
      })
      const bob = await meshes.create({ autoConnect: false, bootstrap: alice.addresses[0] })
      const connected = nextEvent(bob, 'peer:connected').then(() => 'connected, and nobody asked')
      assert.equal(await Promise.race([asked.promise, connected]), bob.peerId)
      assert.deepEqual(alice.peers, [])
    })

    it('may take its time', async () => {
      const [alice, bob] = await meshes.line(2, { admit: () => Promise.resolve(true) })
      await allConnected([alice, bob])
    })

    it('admits nobody when it throws, and says so here', async () => {
      const alice = await meshes.create({
        autoConnect: false,
        admit: () => {
          throw new Error('out of order')
        }
      })
      const bob = await meshes.create({ autoConnect: false, bootstrap: alice.addresses[0] })
      const reported = nextEvent(alice, 'error')
      await assert.rejects(bob.dial(alice.peerId), { code: 'ERR_PEER_REFUSED' })
      assert.equal((await reported).message, 'out of order')
    })
  })

  describe('limit on connections', () => {
    it('refuses the next one as busy, and says so to our own dial', async () => {
      const [alice, bob, carol] = await meshes.line(3, { autoConnect: false, maxConnections: 1 })
      await bob.dial(alice.peerId)
      await assert.rejects(carol.dial(alice.peerId), { code: 'ERR_PEER_REFUSED', refusal: 'busy' })
      await assert.rejects(alice.dial(carol.peerId), {
        name: 'ConnectionLimitError',
        code: 'ERR_CONNECTION_LIMIT'
      })
    })

    it('frees its place with the end of a connection', async () => {
      const [alice, bob, carol] = await meshes.line(3, { autoConnect: false, maxConnections: 1 })
      const peer = await bob.dial(alice.peerId)
      const free = nextEvent(alice, 'peer:disconnected')
      await peer.close()
      await free
      assert.equal((await carol.dial(alice.peerId)).peerId, alice.peerId)
    })
  })

  describe('identity', () => {
    it('that comes back as a new process is connected anew', async () => {
      const identity = await generateKeyPair('Ed25519')
      const alice = await meshes.create()
      const before = await meshes.create({ identity, bootstrap: alice.addresses[0] })
      await allConnected([alice, before])
      const left = nextEvent(alice, 'member:left')
      await before.close()
      await left
      const after = await meshes.create({ identity, bootstrap: alice.addresses[0] })
      await allConnected([alice, after])
      assert.equal(after.peerId, before.peerId)
    })

    it('used by two processes belongs to the newer one; the older is told and closes', async () => {
      const identity = await generateKeyPair('Ed25519')
      const alice = await meshes.create()
      const older = await meshes.create({ identity, bootstrap: alice.addresses[0] })
      await connection(older, alice)
      const superseded = nextEvent(older, 'superseded')
      const newer = await meshes.create({ identity, bootstrap: alice.addresses[0] })
      await superseded
      const peer = await connection(newer, alice)
      assert.equal(peer.state, 'connected')
      await assert.rejects(older.dial(alice.peerId), { code: 'ERR_MESH_CLOSED' })
    })
  })
})
