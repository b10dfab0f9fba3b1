import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { leakCheck } from '@hearsay/testing/leaks'
import { createMesh } from '../src/index.ts'
import { connection, LOOPBACK, Meshes } from './support/meshes.ts'
import type { Server } from 'node:net'
import type { MeshOptions } from '../src/index.ts'

const base: MeshOptions = { room: 'kitchen', listen: LOOPBACK }

async function fails(options: object, name: string, code: string, message: RegExp): Promise<void> {
  const leaks = leakCheck()
  await assert.rejects(createMesh({ ...base, ...options }), (error) => {
    assert.ok(error instanceof Error)
    assert.deepEqual([error.name, Reflect.get(error, 'code')], [name, code], String(error.stack))
    assert.match(error.message, message)
    return true
  })
  await leaks.done()
}

async function listeningServer(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

describe('mistakes of a person', function () {
  this.timeout(30_000)

  describe('createMesh()', () => {
    it('names an unknown option', () =>
      fails({ passwort: 'x' }, 'UnknownOptionError', 'ERR_UNKNOWN_OPTION', /"passwort".*password/))

    it('names a malformed multiaddr', () =>
      fails(
        { bootstrap: '127.0.0.1:4001' },
        'InvalidMultiaddrError',
        'ERR_INVALID_MULTIADDR',
        /did you mean/
      ))

    it('names a room that cannot be', async () => {
      await fails({ room: 'x'.repeat(129) }, 'InvalidRoomError', 'ERR_INVALID_ROOM', /128/)
      await fails({ roomKey: 'hearsay-room-nonsense' }, 'InvalidRoomError', 'ERR_INVALID_ROOM', /room key/)
    })

    it('names the entry of iceServers that cannot be used', async () => {
      const iceServers = [{ urls: 'stun:127.0.0.1' }, { urls: 'http://127.0.0.1' }]
      await fails({ iceServers }, 'InvalidOptionError', 'ERR_INVALID_OPTION', /"iceServers".*iceServers\[1\]/)
    })

    it('names what cannot be used of rtcConfiguration', () =>
      fails(
        { rtcConfiguration: { iceTransportPolicy: 'sometimes' } },
        'InvalidOptionError',
        'ERR_INVALID_OPTION',
        /"rtcConfiguration".*iceTransportPolicy/
      ))

    it('names the channel that cannot be', () =>
      fails(
        { channels: { chat: { kind: 'carrier-pigeon' } } },
        'InvalidOptionError',
        'ERR_INVALID_OPTION',
        /"channels".*chat.*kind/
      ))

    it('keeps the label of its own channel for itself', () =>
      fails(
        { channels: { 'hearsay:mesh': {} } },
        'InvalidOptionError',
        'ERR_INVALID_OPTION',
        /"hearsay:mesh"/
      ))

    it('says where nobody answers, and what to check', async () => {
      const { server, port } = await listeningServer()
      server.close()
      await once(server, 'close')
      const bootstrap = `/ip4/127.0.0.1/tcp/${port}`
      await fails(
        { bootstrap, bootstrapTimeoutMs: 500 },
        'BootstrapError',
        'ERR_BOOTSTRAP_UNREACHABLE',
        new RegExp(`${bootstrap} within 500 ms.*running`)
      )
    })

    it('does not hang on one who answers but is no member', async () => {
      const { server, port } = await listeningServer()
      try {
        const bootstrap = [`/ip4/127.0.0.1/tcp/${port}`]
        await fails(
          { bootstrap, bootstrapTimeoutMs: 500 },
          'BootstrapError',
          'ERR_BOOTSTRAP_UNREACHABLE',
          /check/i
        )
      } finally {
        server.close()
      }
    })

    it('says that a port is taken', async () => {
      const { server, port } = await listeningServer()
      try {
        const listen = [`/ip4/127.0.0.1/tcp/${port}`]
        await fails({ listen }, 'ListenError', 'ERR_LISTEN_FAILED', /port is already taken.*tcp\/0/)
      } finally {
        server.close()
      }
    })

    it('says that an address is not ours', () =>
      fails(
        { listen: ['/ip4/203.0.113.1/tcp/0'] },
        'ListenError',
        'ERR_LISTEN_FAILED',
        /belongs to this machine/
      ))

    it('says what is wrong with an identity file', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'hearsay-mesh-'))
      try {
        const identity = join(folder, 'identity')
        await writeFile(identity, 'garbage', { mode: 0o600 })
        await fails({ identity }, 'IdentityCorruptError', 'ERR_IDENTITY_CORRUPT', /backup/)
        await fails({ identity: folder }, 'IdentityUnreadableError', 'ERR_IDENTITY_UNREADABLE', /not a file/)
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    it('takes no key of another type', async () => {
      const identity = await generateKeyPair('secp256k1')
      await fails({ identity }, 'IdentityKeyTypeError', 'ERR_IDENTITY_KEY_TYPE', /Ed25519/)
    })

    it('lets one identity file serve one mesh at a time', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'hearsay-mesh-'))
      try {
        const identity = join(folder, 'identity')
        const first = await createMesh({ ...base, identity })
        await fails({ identity }, 'IdentityInUseError', 'ERR_IDENTITY_IN_USE', /this process/)
        await first.close()
        const second = await createMesh({ ...base, identity })
        assert.equal(second.peerId, first.peerId)
        await second.close()
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    it('stops when it is told to', async () => {
      const leaks = leakCheck()
      const reason = new Error('enough')
      await assert.rejects(createMesh({ ...base, signal: AbortSignal.abort(reason) }), reason)
      const controller = new AbortController()
      const { server, port } = await listeningServer()
      server.once('connection', () => {
        controller.abort(reason)
      })
      const joining = createMesh({
        ...base,
        bootstrap: `/ip4/127.0.0.1/tcp/${port}`,
        signal: controller.signal
      })
      await assert.rejects(joining, reason)
      server.close()
      await leaks.done()
    })
  })

  describe('dial()', () => {
    const meshes = new Meshes()

    afterEach(() => meshes.closeAll())

    it('takes a peer ID of an Ed25519 key, and not our own', async () => {
      const mesh = await meshes.create()
      const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toString()
      for (const peerId of ['nobody', '', other, mesh.peerId]) {
        await assert.rejects(mesh.dial(peerId), { name: 'InvalidPeerIdError', code: 'ERR_INVALID_PEER_ID' })
      }
    })

    it('says that no path reaches the peer, or that nobody answered', async () => {
      const peerId = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
      const [alice] = await meshes.line(2)
      await assert.rejects(alice.dial(peerId, { timeoutMs: 300 }), (error) => {
        assert.ok(error instanceof Error)
        assert.deepEqual([error.name, Reflect.get(error, 'code')], ['DialError', 'ERR_DIAL_FAILED'])
        assert.match(error.message, new RegExp(peerId))
        return true
      })
      const alone = await meshes.create()
      await assert.rejects(alone.dial(peerId), { code: 'ERR_DIAL_FAILED' })
    })

    it('stops when it is told to, and leaves the way free for another', async () => {
      const [alice, bob] = await meshes.line(2, { autoConnect: false })
      const reason = new Error('enough')
      await assert.rejects(alice.dial(bob.peerId, { signal: AbortSignal.abort(reason) }), reason)
      const controller = new AbortController()
      const dialing = alice.dial(bob.peerId, { signal: controller.signal })
      controller.abort(reason)
      await assert.rejects(dialing, reason)
      assert.equal((await alice.dial(bob.peerId)).peerId, bob.peerId)
    })

    it('gives the connection that there is, and one for many who ask at once', async () => {
      const [alice, bob] = await meshes.line(2, { autoConnect: false })
      const [first, second, crossing] = await Promise.all([
        alice.dial(bob.peerId),
        alice.dial(bob.peerId),
        bob.dial(alice.peerId)
      ])
      assert.equal(first, second)
      assert.equal(crossing.peerId, alice.peerId)
      assert.equal(await alice.dial(bob.peerId), first)
    })
  })

  describe('messages', () => {
    const meshes = new Meshes()

    afterEach(() => meshes.closeAll())

    it('of a type that cannot be are named when a handler is set, also while nobody is connected', async () => {
      const alice = await meshes.create()
      const wrong = { name: 'MessageTypeError', code: 'ERR_MESSAGE_TYPE' }
      assert.throws(() => alice.handle('', () => undefined), wrong)
      assert.throws(() => alice.handle('x'.repeat(1_000), () => undefined), wrong)
    })

    it('over the limit, or beyond what the codec can say, are named', async () => {
      const channels = { small: { codec: 'bytes', maxMessageSize: 10 } } as const
      const [alice, bob] = await meshes.line(2, { channels })
      const peer = await connection(alice, bob)
      const small = peer.channel<Uint8Array>('small')
      await assert.rejects(small.send(new Uint8Array(11)), {
        name: 'MessageTooLargeError',
        code: 'ERR_MESSAGE_TOO_LARGE'
      })
      const unsayable = { name: 'PayloadEncodeError', code: 'ERR_PAYLOAD_ENCODE' }
      await assert.rejects(peer.send(10n), unsayable)
      await assert.rejects(
        peer.request('x', () => undefined),
        unsayable
      )
      const { sent, failed } = await alice.broadcast(undefined)
      assert.deepEqual(sent, [])
      assert.deepEqual(
        failed.map(({ error }) => error.name),
        ['PayloadEncodeError']
      )
    })
  })
})
