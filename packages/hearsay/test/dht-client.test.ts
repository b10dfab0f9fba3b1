import assert from 'node:assert/strict'
import { once } from 'node:events'
import { deriveRoom } from '@hearsay/signaling'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode } from '../src/create-node.ts'
import { DhtClient } from '../src/discovery/dht-client.ts'
import { DhtEntries } from '../src/discovery/dht-entries.ts'
import { providerKeyOf } from '../src/discovery/room-names.ts'
import { createDhtNode } from '../src/index.ts'
import { LOOPBACK } from './support/meshes.ts'
import type { DhtNode } from '../src/index.ts'
import type { PeerInfo } from '@libp2p/interface'

type ClientNode = Awaited<ReturnType<typeof createClient>>

/** A libp2p node whose DHT client rests as soon as it is not used. */
async function createClient(server: DhtNode) {
  const node = await createNode({
    privateKey: await generateKeyPair('Ed25519'),
    listen: LOOPBACK,
    logger: undefined,
    metrics: undefined,
    dhtServer: false,
    hearsay: (components) =>
      new DhtClient(components, new DhtEntries(components, server.addresses.map(multiaddr)), 0)
  })
  await node.start()
  return node
}

describe('DHT client', function () {
  this.timeout(20_000)
  const signal = new AbortController().signal
  const nodes: ClientNode[] = []
  let server: DhtNode

  beforeEach(async () => {
    server = await createDhtNode({ listen: LOOPBACK })
  })

  afterEach(async () => {
    for (const node of nodes.splice(0)) {
      await node.services.hearsay.stop()
      await node.stop()
    }
    await server.close()
  })

  async function client(): Promise<ClientNode> {
    const node = await createClient(server)
    nodes.push(node)
    return node
  }

  it('stays connected only while it is used, and may be used again', async () => {
    const key = providerKeyOf(await deriveRoom({ name: 'kitchen' }))
    const member = await client()
    const seeker = await client()
    for (let round = 0; round < 3; round++) {
      const left = once(member, 'peer:disconnect')
      await member.services.hearsay.use((routing) => routing.provide(key, { signal }), signal)
      await left
      assert.deepEqual(member.getConnections(), [])
      const found = await seeker.services.hearsay.use(async (routing) => {
        const all: PeerInfo[] = []
        for await (const provider of routing.findProviders(key, { signal })) all.push(provider)
        return all
      }, signal)
      assert.deepEqual(
        found.map(({ id }) => id.toString()),
        [member.peerId.toString()]
      )
    }
  })

  it('remembers no address of a DHT node: libp2p would not renew it when it hears it again', async () => {
    await using second = await createDhtNode({ listen: LOOPBACK, bootstrap: server.addresses })
    const key = providerKeyOf(await deriveRoom({ name: 'kitchen' }))
    const member = await client()
    await member.services.hearsay.use((routing) => routing.provide(key, { signal }), signal)
    await member.services.hearsay.stop()
    const known = (await member.peerStore.all()).map(({ id }) => id.toString())
    assert.ok(!known.includes(server.peerId) && !known.includes(second.peerId), String(known))
  })

  it('is of no use after it was stopped', async () => {
    const key = providerKeyOf(await deriveRoom({ name: 'kitchen' }))
    const member = await client()
    await member.services.hearsay.use((routing) => routing.provide(key, { signal }), signal)
    await member.services.hearsay.stop()
    await assert.rejects(member.services.hearsay.use(() => Promise.resolve(), signal))
  })

  it('says so where no node of the DHT can be reached', async () => {
    const member = await client()
    await server.close()
    await assert.rejects(
      member.services.hearsay.use(() => Promise.resolve(), signal),
      AggregateError
    )
  })
})
