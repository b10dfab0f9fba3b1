import assert from 'node:assert/strict'
import { leakCheck } from '@hearsay/testing/leaks'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { deriveRoom } from '@hearsay/signaling'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createDhtNode, createMesh, generateRoomKey, hearsay, hearsayTransport } from '../src/index.ts'
import { providerKeyOf } from '../src/discovery/room-names.ts'
import { DHT_PROTOCOL } from '../src/discovery/constants.ts'
import { allConnected, connection, LOOPBACK, Meshes } from './support/meshes.ts'
import type { DhtNode, DhtNodeOptions } from '../src/index.ts'

/** A libp2p node of somebody else's, with a DHT of its own settings. */
async function createHost(dhtAddress: string, options: { dht?: boolean } = {}) {
  const node = await createLibp2p({
    addresses: { listen: LOOPBACK },
    transports: [tcp(), hearsayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: DHT_PROTOCOL, clientMode: true, peerInfoMapper: passthroughMapper }),
      pubsub: gossipsub({
        allowPublishToZeroTopicPeers: true,
        scoreParams: { IPColocationFactorWeight: 0 }
      }),
      hearsay: hearsay({ room: 'kitchen', ...options })
    }
  })
  await node.dial(multiaddr(dhtAddress))
  return node
}

describe('DHT', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const nodes: DhtNode[] = []

  afterEach(async () => {
    await meshes.closeAll()
    await Promise.all(nodes.splice(0).map((node) => node.close()))
  })

  async function dhtNode(options: DhtNodeOptions = {}): Promise<DhtNode> {
    const node = await createDhtNode({ listen: LOOPBACK, ...options })
    nodes.push(node)
    return node
  }

  it('brings together members who were told of DHT nodes only, and outlives those', async () => {
    const first = await dhtNode()
    const second = await dhtNode({ bootstrap: first.addresses })
    const one = await meshes.create({ dht: { bootstrap: first.addresses } })
    const other = await meshes.create({ dht: { bootstrap: second.addresses } })
    await allConnected([one, other])
    await Promise.all([first.close(), second.close()])
    const newcomer = await meshes.create({ bootstrap: [...other.addresses] })
    await allConnected([one, other, newcomer])
  })

  it('brings together members of a room that one of them joined later', async () => {
    const dht = { bootstrap: (await dhtNode()).addresses }
    const one = await meshes.create({ dht })
    await one.join({ room: 'attic' })
    const other = await meshes.create({ room: 'attic', dht })
    assert.deepEqual((await connection(other, one)).rooms, ['attic'])
  })

  it('brings together members of a keyed room, and keeps them from an open one of that name', async () => {
    const dht = { bootstrap: (await dhtNode()).addresses }
    const roomKey = generateRoomKey()
    const stranger = await meshes.create({ dht })
    const one = await meshes.create({ roomKey, dht })
    const other = await meshes.create({ roomKey, dht })
    await allConnected([one, other])
    assert.deepEqual(stranger.members, [])
  })

  it('brings together two parts of a room that know nothing of each other', async () => {
    const dht = { bootstrap: (await dhtNode()).addresses }
    const one = await meshes.create({ dht })
    const two = await meshes.create({ bootstrap: [...one.addresses] })
    const three = await meshes.create()
    const four = await meshes.create({ bootstrap: [...three.addresses], dht })
    await allConnected([one, two, three, four])
  })

  it('may be served by a member, for rooms that it is not in', async () => {
    const server = await meshes.create({ room: 'cellar', dht: { server: true } })
    const dht = { bootstrap: server.addresses }
    const kitchen = [await meshes.create({ dht }), await meshes.create({ dht })]
    const cellar = await meshes.create({ room: 'cellar', dht })
    await Promise.all([allConnected(kitchen), allConnected([server, cellar])])
  })

  it('is found through the content routing of a host’s libp2p node', async () => {
    const { addresses } = await dhtNode()
    const host = await createHost(addresses[0])
    try {
      const member = await meshes.create({ dht: { bootstrap: addresses } })
      await connection(host.services.hearsay, member)
    } finally {
      await host.stop()
    }
  })

  it('is left alone where the host said so', async () => {
    const { addresses } = await dhtNode()
    const host = await createHost(addresses[0], { dht: false })
    const asked: unknown[] = []
    host.contentRouting.findProviders = (key) => {
      asked.push(key)
      throw new Error('nobody was to ask')
    }
    try {
      const member = await meshes.create({ bootstrap: host.getMultiaddrs().map(String) })
      await connection(host.services.hearsay, member)
      assert.deepEqual(asked, [])
    } finally {
      await host.stop()
    }
  })

  it('is entered together with members: one address of either kind that answers is enough', async () => {
    const member = await meshes.create()
    const nobody = '/ip4/127.0.0.1/tcp/1'
    const other = await meshes.create({ bootstrap: [...member.addresses], dht: { bootstrap: nobody } })
    await connection(other, member)
    const { addresses } = await dhtNode()
    await meshes.create({ bootstrap: nobody, dht: { bootstrap: addresses } })
  })

  it('of which no node answers is named', async () => {
    const bootstrap = '/ip4/127.0.0.1/tcp/1'
    const leaks = leakCheck()
    await assert.rejects(
      createMesh({ room: 'kitchen', listen: LOOPBACK, dht: { bootstrap }, bootstrapTimeoutMs: 500 }),
      { code: 'ERR_BOOTSTRAP_UNREACHABLE', addresses: [bootstrap] }
    )
    await assert.rejects(createDhtNode({ listen: LOOPBACK, bootstrap, bootstrapTimeoutMs: 500 }), {
      code: 'ERR_BOOTSTRAP_UNREACHABLE',
      addresses: [bootstrap]
    })
    await leaks.done()
  })

  it('has nodes that say where they cannot listen', async () => {
    await assert.rejects(createDhtNode({ listen: ['/ip4/192.0.2.1/tcp/4001'] }), {
      code: 'ERR_LISTEN_FAILED'
    })
  })

  it('has nodes that may be told their own address, as all are given one list', async () => {
    const identity = await generateKeyPair('Ed25519')
    const own = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdFromPrivateKey(identity).toString()}`
    const first = await dhtNode({ identity, bootstrap: own })
    await dhtNode({ bootstrap: [own, ...first.addresses] })
  })

  it('leaves nothing behind', async () => {
    const leaks = leakCheck()
    const node = await createDhtNode({ listen: LOOPBACK })
    const mesh = await createMesh({ room: 'kitchen', listen: LOOPBACK, dht: { bootstrap: node.addresses } })
    await Promise.all([mesh.close(), node.close(), node.close()])
    await leaks.done({ graceMs: 10_000 })
  })

  it('finds who is there among many who have gone', async () => {
    const { addresses } = await dhtNode()
    const key = providerKeyOf(await deriveRoom({ name: 'kitchen' }))
    const gone = await Promise.all(Array.from({ length: 12 }, () => createHost(addresses[0], { dht: false })))
    await Promise.all(gone.map((host) => host.contentRouting.provide(key)))
    await Promise.all(gone.map(async (host) => host.stop()))
    const one = await meshes.create({ dht: { bootstrap: addresses } })
    const other = await meshes.create({ dht: { bootstrap: addresses } })
    await allConnected([one, other])
  })

  it('does not bring in who merely put itself down as a provider', async () => {
    const { addresses } = await dhtNode()
    const one = await meshes.create({ dht: { bootstrap: addresses } })
    const impostor = await createHost(addresses[0], { dht: false })
    await impostor.services.hearsay.close()
    try {
      await impostor.contentRouting.provide(providerKeyOf(await deriveRoom({ name: 'kitchen' })))
      const other = await meshes.create({ dht: { bootstrap: addresses } })
      await allConnected([one, other])
      const impostorId = impostor.peerId.toString()
      for (const { members, peers } of [one, other]) {
        assert.ok(![...members, ...peers].some(({ peerId }) => peerId === impostorId))
      }
    } finally {
      await impostor.stop()
    }
  })
})
