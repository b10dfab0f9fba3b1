import assert from 'node:assert/strict'
import { deriveRoom } from '@hearsay/signaling'
import { allConnected, Meshes } from './support/meshes.ts'
import { Outsiders } from './support/outsiders.ts'
import { RecordedMetrics } from './support/recorded-metrics.ts'

describe('gossip of one who knows a room’s topic and keeps to no rule', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const outsiders = new Outsiders()

  afterEach(async () => {
    await meshes.closeAll()
    await outsiders.stopAll()
  })

  it('is not passed on: neither what is too large nor what is no presence', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const presence = `${topic}/presence`
    const metrics = new RecordedMetrics()
    const member = await meshes.create({ metrics: () => metrics })
    const [speaker, hearer] = await Promise.all([
      outsiders.create(member.addresses[0], [topic, presence]),
      outsiders.create(member.addresses[0], [topic, presence])
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
    await speaker.services.pubsub.publish(presence, new Uint8Array(100).fill(1))
    await speaker.services.pubsub.publish(topic, new Uint8Array(1))
    await last
    assert.deepEqual(heard, [1])
    assert.ok(metrics.keys('hearsay_presence_records_total').has('invalid'))
  })

  it('does not make it a neighbour in the room, nor does to listen', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const metrics = new RecordedMetrics()
    const entry = await meshes.create({ metrics: () => metrics })
    const neighbours = async () => (await metrics.calculate('hearsay_mesh')) as { neighbours: number }
    const speaker = await outsiders.create(entry.addresses[0], [topic, `${topic}/presence`])
    await speaker.services.pubsub.publish(topic, new Uint8Array(1))
    assert.equal((await neighbours()).neighbours, 0)
    const member = await meshes.create({ bootstrap: entry.addresses[0] })
    await allConnected([entry, member])
    assert.equal((await neighbours()).neighbours, 1)
  })

  it('does not keep members from connecting', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const entry = await meshes.create()
    const speaker = await outsiders.create(entry.addresses[0], [topic, `${topic}/presence`])
    for (let i = 0; i < 200; i++) {
      await speaker.services.pubsub.publish(topic, crypto.getRandomValues(new Uint8Array(500)))
      await speaker.services.pubsub.publish(`${topic}/presence`, crypto.getRandomValues(new Uint8Array(500)))
    }
    const member = await meshes.create({ bootstrap: entry.addresses[0] })
    await allConnected([entry, member])
    assert.equal(entry.members.length, 1)
  })
})
