import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { deriveRoom } from '@hearsay/signaling'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { allConnected, LOOPBACK, Meshes } from './support/meshes.ts'
import { RecordedMetrics } from './support/recorded-metrics.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p } from '@libp2p/interface'

type Outsider = Libp2p<{ pubsub: GossipSub }>

describe('gossip of one who knows a room’s topic and keeps to no rule', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const outsiders: Outsider[] = []

  afterEach(async () => {
    await meshes.closeAll()
    await Promise.all(outsiders.splice(0).map(async (node) => node.stop()))
  })

  /** A bare gossipsub node, subscribed and connected to a member who knows of its subscription. */
  async function outsider(address: string, topics: string[]): Promise<Outsider> {
    const node = await createLibp2p({
      addresses: { listen: LOOPBACK },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
    })
    outsiders.push(node)
    for (const topic of topics) node.services.pubsub.subscribe(topic)
    await node.dial(multiaddr(address))
    // Whoever is known to subscribe is in the other's mesh after its next heartbeat.
    for (let beats = 0; beats < 2;) {
      await new Promise((resolve) => {
        node.services.pubsub.addEventListener('gossipsub:heartbeat', resolve, { once: true })
      })
      if (topics.every((topic) => node.services.pubsub.getSubscribers(topic).length > 0)) beats++
    }
    return node
  }

  it('is not passed on: neither what is too large nor what is no presence', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const presence = `${topic}/presence`
    const metrics = new RecordedMetrics()
    const member = await meshes.create({ metrics: () => metrics })
    const [speaker, hearer] = await Promise.all([
      outsider(member.addresses[0], [topic, presence]),
      outsider(member.addresses[0], [topic, presence])
    ])
    const heard: number[] = []
    const last = new Promise<void>((resolve) => {
      hearer.services.pubsub.addEventListener('message', ({ detail }) => {
        if (detail.type !== 'signed' || !detail.from.equals(speaker.peerId)) return
        heard.push(detail.data.length)
        if (detail.data.length === 1) resolve()
      })
    })
    await speaker.services.pubsub.publish(topic, new Uint8Array(16_385))
    await speaker.services.pubsub.publish(presence, new Uint8Array(100))
    await speaker.services.pubsub.publish(topic, new Uint8Array(1))
    await last
    assert.deepEqual(heard, [1])
    assert.ok(metrics.keys('hearsay_presence_records_total').has('invalid'))
  })

  it('does not keep members from connecting', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const entry = await meshes.create()
    const speaker = await outsider(entry.addresses[0], [topic, `${topic}/presence`])
    for (let i = 0; i < 200; i++) {
      await speaker.services.pubsub.publish(topic, crypto.getRandomValues(new Uint8Array(500)))
      await speaker.services.pubsub.publish(`${topic}/presence`, crypto.getRandomValues(new Uint8Array(500)))
    }
    const member = await meshes.create({ bootstrap: entry.addresses[0] })
    await allConnected([entry, member])
    assert.equal(entry.members.length, 1)
  })
})
