import assert from 'node:assert/strict'
import { once } from 'node:events'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { leakCheck } from '@hearsay/testing/leaks'
import { hearsay, hearsayTransport } from '../src/index.ts'
import { connection, LOOPBACK, Meshes, nextEvent } from './support/meshes.ts'
import { RecordedMetrics } from './support/recorded-metrics.ts'

const base = {
  addresses: { listen: LOOPBACK },
  transports: [tcp(), hearsayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()]
}

const connectionManager = { inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 }
const pubsub = gossipsub({
  allowPublishToZeroTopicPeers: true,
  scoreParams: { IPColocationFactorWeight: 0 }
})

describe('libp2p service', function () {
  this.timeout(30_000)
  const meshes = new Meshes()

  afterEach(() => meshes.closeAll())

  it('is a mesh of the node, and starts and stops with it', async () => {
    const node = await createLibp2p({
      ...base,
      connectionManager,
      services: { hearsay: hearsay({ room: 'kitchen' }), identify: identify(), pubsub }
    })
    const mesh = node.services.hearsay
    try {
      const member = await meshes.create({ bootstrap: node.getMultiaddrs()[0].toString() })
      const peer = await connection(mesh, member)
      member.handle('ping', () => 'pong')
      assert.equal(await peer.request('ping'), 'pong')
      assert.equal(mesh.peerId, node.peerId.toString())
      await node.stop()
      await assert.rejects(mesh.dial(member.peerId), { code: 'ERR_MESH_CLOSED' })
      await node.start()
      // On another port, as it listens.
      await node.dial(multiaddr(member.addresses[0]))
      assert.notEqual(await connection(mesh, member), peer)
    } finally {
      await node.stop()
    }
  })

  it('closes by itself and leaves the node to its owner', async () => {
    const node = await createLibp2p({
      ...base,
      connectionManager,
      services: { identify: identify(), pubsub, hearsay: hearsay({ room: 'kitchen' }) }
    })
    await node.services.hearsay.close()
    assert.equal(node.status, 'started')
    assert.deepEqual(node.services.pubsub.getTopics(), [])
    await node.stop()
  })

  it('closes all else, and lets the node stop, where one thing cannot be closed', async () => {
    const leaks = leakCheck()
    const node = await createLibp2p({
      ...base,
      connectionManager,
      services: { identify: identify(), pubsub, hearsay: hearsay({ room: 'kitchen' }) }
    })
    const member = await meshes.create({ bootstrap: node.getMultiaddrs()[0].toString() })
    await connection(node.services.hearsay, member)
    const ended = nextEvent(member, 'peer:disconnected')
    const left = nextEvent(member, 'member:left')
    // It is what ends a room's broadcasts, which comes before nearly everything.
    const services: { pubsub: { unsubscribe: (topic: string) => void } } = node.services
    services.pubsub.unsubscribe = () => {
      throw new Error('on purpose')
    }
    const told = once(node.services.hearsay, 'error')
    await node.stop()
    const [{ detail: failure }] = (await told) as [CustomEvent<Error>]
    assert.equal(failure.message, 'on purpose')
    assert.equal((await ended).reason.code, 'shutdown')
    assert.equal((await left).reason, 'goodbye')
    await meshes.closeAll()
    await leaks.done()
  })

  it('warns with what to set where the host’s limits would starve it', async () => {
    const warned: string[] = []
    const listener = (warning: Error): void => {
      if (warning.name === 'HearsayWarning') warned.push(String(Reflect.get(warning, 'code')))
    }
    process.on('warning', listener)
    const node = await createLibp2p({
      ...base,
      transports: [tcp()],
      services: { identify: identify(), pubsub: gossipsub(), hearsay: hearsay({ room: 'kitchen' }) }
    })
    await node.stop()
    process.off('warning', listener)
    assert.deepEqual(warned, [
      'HEARSAY_TRANSPORT_MISSING',
      'HEARSAY_GOSSIPSUB_IP_COLOCATION',
      'HEARSAY_INBOUND_CONNECTION_RATE',
      'HEARSAY_INBOUND_CONNECTIONS_PENDING'
    ])
  })

  it('names what the node lacks', async () => {
    const service = hearsay({ room: 'kitchen' })
    await assert.rejects(
      createLibp2p({ ...base, services: { pubsub, hearsay: service } as never }),
      /identify/
    )
    await assert.rejects(
      createLibp2p({ ...base, services: { identify: identify(), hearsay: service } as never }),
      /pubsub/
    )
    const misnamed = { identify: identify(), gossip: gossipsub(), hearsay: service }
    await assert.rejects(createLibp2p({ ...base, services: misnamed as never }), {
      code: 'ERR_MISSING_SERVICE'
    })
    const privateKey = await generateKeyPair('secp256k1')
    await assert.rejects(
      createLibp2p({ ...base, privateKey, services: { identify: identify(), pubsub, hearsay: service } }),
      { code: 'ERR_IDENTITY_KEY_TYPE' }
    )
  })

  it('takes no option that is the node’s own', () => {
    assert.throws(() => hearsay({ room: 'kitchen', bootstrap: [] } as never), { code: 'ERR_UNKNOWN_OPTION' })
  })

  it('counts in the node’s metrics, by bounded labels', async () => {
    const recorded = new RecordedMetrics()
    const alice = await meshes.create({ metrics: () => recorded })
    const bob = await meshes.create({ bootstrap: alice.addresses[0] })
    await connection(alice, bob)
    assert.deepEqual(await recorded.calculate('hearsay_mesh'), { peers: 1, members: 1, neighbours: 1 })
    const counted = [...recorded.keys('hearsay_presence_records_total')]
    assert.ok(counted.includes('accepted'), counted.join())
    assert.ok(
      [...recorded.keys('hearsay_connect_milliseconds')].every((path) => ['direct', 'gossip'].includes(path))
    )
    for (const name of recorded.names) assert.match(name, /^[a-z0-9_]+$/)
  })
})

describe('a process', function () {
  this.timeout(30_000)

  it('that closes its mesh, or fails to join or to dial, ends by itself', async () => {
    const { spawn } = await import('node:child_process')
    const module = new URL('../src/index.ts', import.meta.url).href
    const script = `
      import { createMesh } from '${module}'
      const listen = ['/ip4/127.0.0.1/tcp/0']
      const alice = await createMesh({ room: 'kitchen', listen })
      const bob = await createMesh({ room: 'kitchen', listen, bootstrap: alice.addresses[0] })
      await bob.dial(alice.peerId)
      await bob.dial('12D3KooWGzBeM5YyXfQhEkTGPHNnTwSZr8Tn7ZX3wBuf4jFv4ZqS', { timeoutMs: 200 }).catch(() => {})
      await createMesh({ room: 'kitchen', listen, bootstrap: '/ip4/127.0.0.1/tcp/1', bootstrapTimeoutMs: 100 }).catch(() => {})
      await alice.close()
      await bob.close()
      console.log('closed')`
    const child = spawn(
      process.execPath,
      ['--conditions=@hearsay/source', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit']
      }
    )
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const [code] = (await once(child, 'exit')) as [number]
    assert.deepEqual([output, code], ['closed\n', 0])
  })
})
