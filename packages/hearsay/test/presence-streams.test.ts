import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { deriveRoom } from '@hearsay/signaling'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { PRESENCE_PROTOCOL } from '../src/constants.ts'
import { decodeFrame, encodeFrame } from '../src/presence/exchange-frame.ts'
import { Hello } from '../src/presence/pb/exchange.js'
import { helloProof, sealPresence } from '../src/presence/presence-seal.ts'
import { PresenceStreams } from '../src/presence/presence-streams.ts'
import { allConnected, Meshes, nextEvent } from './support/meshes.ts'
import { recordOf } from './support/presence-room.ts'
import type { Mesh } from '../src/index.ts'
import type { PresenceGuest } from '../src/presence/presence-door.ts'
import type { PresenceRoom } from '../src/presence/presence-seal.ts'
import type { Libp2p } from '@libp2p/interface'

describe('presence streams', function () {
  this.timeout(20_000)
  const meshes = new Meshes()
  const strangers: Libp2p[] = []
  let room: PresenceRoom

  before(async () => {
    const { topic, presenceKey } = await deriveRoom({ name: 'kitchen' })
    room = { topic: `${topic}/presence`, presenceKey }
  })

  afterEach(async () => {
    await meshes.closeAll()
    await Promise.all(strangers.splice(0).map(async (node) => node.stop()))
  })

  async function strangerTo(member: Mesh) {
    const privateKey = await generateKeyPair('Ed25519')
    const node = await createLibp2p({
      privateKey,
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() }
    })
    strangers.push(node)
    const stream = await node.dialProtocol(multiaddr(member.addresses[0]), PRESENCE_PROTOCOL)
    return { peerId: node.peerId.toString(), privateKey, frames: lpStream(stream, { maxDataLength: 65_536 }) }
  }

  it('answer nobody who does not prove to be in the room', async () => {
    const member = await meshes.create()
    const hellos = (peerId: string) => [
      Uint8Array.of(1, 2, 3),
      Hello.encode({ topic: room.topic, proof: new Uint8Array(32) }),
      Hello.encode({ topic: room.topic, proof: helloProof(room, member.peerId, peerId) }),
      Hello.encode({
        topic: 'cellar',
        proof: helloProof({ ...room, topic: 'cellar' }, peerId, member.peerId)
      }),
      Hello.encode({
        topic: room.topic,
        proof: helloProof({ ...room, presenceKey: new Uint8Array(32) }, peerId, member.peerId)
      })
    ]
    for (let index = 0; index < 5; index++) {
      const { peerId, frames } = await strangerTo(member)
      await frames.write(hellos(peerId)[index])
      await assert.rejects(frames.read(), `hello ${index}`)
    }
  })

  it('greet who is in the room with a proof, our own record and what we know', async () => {
    const member = await meshes.create()
    const { peerId, frames } = await strangerTo(member)
    await frames.write(Hello.encode({ topic: room.topic, proof: helloProof(room, peerId, member.peerId) }))
    const hello = Hello.decode((await frames.read()).subarray())
    assert.equal(hello.topic, room.topic)
    assert.deepEqual(Uint8Array.from(hello.proof), helloProof(room, member.peerId, peerId))
    const types = new Set<string | undefined>()
    while (types.size < 2) types.add(decodeFrame((await frames.read()).subarray())?.type)
    assert.deepEqual(types, new Set(['records', 'digest']))
  })

  it('end where somebody keeps to no rule, and go on with everybody else', async () => {
    const [alice, bob] = await meshes.line(2)
    await allConnected([alice, bob])
    const { peerId, frames } = await strangerTo(alice)
    await frames.write(Hello.encode({ topic: room.topic, proof: helloProof(room, peerId, alice.peerId) }))
    await frames.write(new Uint8Array(100).fill(255))
    await assert.rejects(async () => {
      for (;;) await frames.read()
    })
    const carol = await meshes.create({ bootstrap: alice.addresses[0] })
    await allConnected([alice, bob, carol])
  })

  it('do not end for a record of another version', async () => {
    const alice = await meshes.create()
    const { peerId, privateKey, frames } = await strangerTo(alice)
    await frames.write(Hello.encode({ topic: room.topic, proof: helloProof(room, peerId, alice.peerId) }))
    const discovered = nextEvent(alice, 'member:discovered', (member) => member.peerId === peerId)
    const say = async (sealed: Uint8Array) =>
      frames.write(encodeFrame({ type: 'records', held: [{ sealed, remainingMs: 120_000 }], absent: [] }))
    await say(new Uint8Array(200).fill(2))
    // Whatever it makes of that, it has made before it answers.
    await frames.write(encodeFrame({ type: 'want', fingerprints: ['0123456789abcdef'] }))
    for (;;) {
      const frame = decodeFrame((await frames.read()).subarray())
      if (frame?.type === 'records' && frame.absent.length > 0) break
    }
    await say(await sealPresence(recordOf(), privateKey, room, new Uint8Array(24)))
    await discovered
  })

  it('let nobody in whose greeting ends after we have left', async () => {
    const welcomes: ((guest: PresenceGuest) => Promise<void>)[] = []
    const [us, guest] = await Promise.all([1, 2].map(() => generateKeyPair('Ed25519')))
    const [peerId, remotePeer] = [us, guest].map((key) => peerIdFromPrivateKey(key))
    const opened: string[] = []
    const streams = new PresenceStreams({
      components: {
        peerId,
        registrar: { register: () => Promise.resolve('topology'), unregister: () => undefined },
        connectionManager: { getConnections: () => [] },
        logger: defaultLogger()
      } as never,
      door: {
        open: (_topic: string, welcome: (typeof welcomes)[0]) => welcomes.push(welcome),
        close: () => undefined
      } as never,
      room,
      onOpen: (link) => opened.push(link),
      onFrame: () => undefined,
      onClose: () => undefined
    })
    await streams.start()
    const greeted = Promise.withResolvers<undefined>()
    const welcoming = welcomes[0]({
      stream: { id: 'stream' },
      connection: { id: 'connection', remotePeer },
      frames: { write: () => greeted.promise, read: () => Promise.reject(new Error('it says nothing')) },
      hello: {
        topic: room.topic,
        proof: helloProof(room, remotePeer.toString(), peerId.toString())
      },
      deadline: new AbortController().signal
    } as never)
    await streams.stop()
    greeted.resolve(undefined)
    await assert.rejects(welcoming)
    assert.deepEqual(opened, [])
  })

  it('bring in members that answer no dial: they are listed again when they have something new to say', async () => {
    const [alice] = await meshes.line(2, { timeouts: { offerTimeoutMs: 150 } })
    const { peerId, privateKey, frames } = await strangerTo(alice)
    const say = async (sequence: number) => {
      const sealed = await sealPresence(
        recordOf({ sequence }),
        privateKey,
        room,
        new Uint8Array(24).fill(sequence)
      )
      await frames.write(
        encodeFrame({ type: 'records', held: [{ sealed, remainingMs: 120_000 }], absent: [] })
      )
    }
    const isListed = () => alice.members.some((member) => member.peerId === peerId)
    await frames.write(Hello.encode({ topic: room.topic, proof: helloProof(room, peerId, alice.peerId) }))
    await frames.read()
    const discovered = nextEvent(alice, 'member:discovered', (member) => member.peerId === peerId)
    const left = nextEvent(alice, 'member:left', ({ member }) => member.peerId === peerId)
    await say(1)
    await discovered
    assert.equal(isListed(), true)
    assert.equal((await left).reason, 'lost')
    assert.equal(isListed(), false)
    const again = nextEvent(alice, 'member:discovered', (member) => member.peerId === peerId)
    await say(2)
    await again
    assert.equal(isListed(), true)
  })
})
