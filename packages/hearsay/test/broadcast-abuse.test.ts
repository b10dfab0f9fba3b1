import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { deriveRoom } from '@hearsay/signaling'
import { sealFlood } from '../src/broadcast/flood-seal.ts'
import { floodOf } from './support/floods.ts'
import { Meshes, nextEvent } from './support/meshes.ts'
import { Outsiders } from './support/outsiders.ts'
import { RecordedMetrics } from './support/recorded-metrics.ts'
import type { Mesh } from '../src/index.ts'

describe('a member that keeps to no rule of broadcasts', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const outsiders = new Outsiders()

  afterEach(async () => {
    await meshes.closeAll()
    await outsiders.stopAll()
  })

  /** Notes what it hears. */
  function listen(mesh: Mesh): unknown[] {
    const heard: unknown[] = []
    void (async () => {
      for await (const { message } of mesh.messages()) heard.push(message)
    })()
    return heard
  }

  async function flood(mesh: Mesh, text: string): Promise<void> {
    while (!(await mesh.broadcast(text)).flooded) await setTimeout(50)
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await setTimeout(20)
  }

  it('brings nothing into the application twice, nor into that of a newcomer, nor in another’s name', async () => {
    const { topic, broadcastKey } = await deriveRoom({ name: 'kitchen' })
    const floods = `${topic}/broadcast`
    const room = { topic: floods, broadcastKey }
    const identity = await generateKeyPair('Ed25519')
    const alone = { autoConnect: false }
    const alice = await meshes.create({ ...alone, identity })
    const metrics = new RecordedMetrics()
    const bob = await meshes.create({ ...alone, bootstrap: alice.addresses[0], metrics: () => metrics })
    const heard = listen(bob)
    const results = (): ReadonlySet<string> => metrics.keys('hearsay_flooded_broadcasts_total')

    const mallory = await outsiders.create(bob.addresses[0], [floods])
    const witness = await outsiders.create(bob.addresses[0], [floods])
    const recorded: Uint8Array[] = []
    mallory.services.pubsub.addEventListener('message', ({ detail }) => recorded.push(detail.data))
    let passedOn = 0
    witness.services.pubsub.addEventListener('message', () => passedOn++)
    const say = (data: Uint8Array): Promise<unknown> => mallory.services.pubsub.publish(floods, data)

    await flood(alice, 'once')
    await until(() => heard.length > 0 && recorded.length > 0 && passedOn > 0)
    const own = await sealFlood(
      floodOf(1),
      await generateKeyPair('Ed25519'),
      room,
      crypto.getRandomValues(new Uint8Array(24))
    )
    for (const data of [...recorded, ...recorded, own, own.with(40, 1), new Uint8Array(16_000)])
      await say(data)
    await until(() => ['duplicate', 'unknown', 'invalid'].every((result) => results().has(result)))

    await alice.close()
    const met = nextEvent(bob, 'member:discovered', ({ peerId }) => peerId === alice.peerId)
    const reborn = await meshes.create({ ...alone, identity, bootstrap: bob.addresses[0] })
    await met
    for (const data of recorded) await say(data)
    await until(() => results().has('stale'))

    const newcomersMetrics = new RecordedMetrics()
    const carol = await meshes.create({
      ...alone,
      bootstrap: bob.addresses[0],
      metrics: () => newcomersMetrics
    })
    const newcomer = listen(carol)
    await until(() => carol.members.length === 2)
    const replayer = await outsiders.create(carol.addresses[0], [floods])
    for (const data of recorded) await replayer.services.pubsub.publish(floods, data)
    await until(() => newcomersMetrics.keys('hearsay_flooded_broadcasts_total').has('stale'))

    await flood(reborn, 'at last')
    await until(() => heard.includes('at last') && newcomer.includes('at last') && passedOn > 1)
    assert.deepEqual(heard, ['once', 'at last'])
    assert.deepEqual(newcomer, ['at last'])
    assert.equal(passedOn, 2)
  })
})
