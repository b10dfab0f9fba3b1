import assert from 'node:assert/strict'
import { deriveRoom, SIGNAL_PROTOCOL } from '@hearsay/signaling'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { connection, Meshes, nextEvent } from './support/meshes.ts'
import { Outsiders, type Outsider } from './support/outsiders.ts'
import { RecordedMetrics } from './support/recorded-metrics.ts'

describe('who recorded what two members said', function () {
  this.timeout(30_000)
  const meshes = new Meshes()
  const outsiders = new Outsiders()

  afterEach(async () => {
    await meshes.closeAll()
    await outsiders.stopAll()
  })

  it('brings about nothing by saying it again when one of them has started anew', async () => {
    const { topic } = await deriveRoom({ name: 'kitchen' })
    const identity = await generateKeyPair('Ed25519')
    const options = { identity, autoConnect: false }
    const responder = await meshes.create(options)
    const eavesdropper = await outsiders.create(responder.addresses[0], [topic])
    const recorded: Uint8Array[] = []
    eavesdropper.services.pubsub.addEventListener('message', ({ detail }) => recorded.push(detail.data))

    const initiator = await meshes.create({ bootstrap: responder.addresses[0], autoConnect: false })
    if (initiator.members.length === 0) await nextEvent(initiator, 'member:discovered')
    const connected = connection(responder, initiator)
    await initiator.dial(responder.peerId, { paths: ['gossip'] })
    await connected
    assert.ok(recorded.length >= 2, 'message 1 and message 2')
    await initiator.close()
    await responder.close()

    const metrics = new RecordedMetrics()
    const reborn = await meshes.create({ ...options, metrics: () => metrics })
    let connections = 0
    reborn.addEventListener('peer:connected', () => connections++)
    const replayer = await outsiders.create(reborn.addresses[0], [topic])
    await replay(replayer, reborn.peerId, topic, recorded)
    // The dial names an instance that is gone; the answer is for somebody else.
    const drops = () => metrics.keys('hearsay_signaling_dropped_total')
    while (!drops().has('unknown-instance') || !drops().has('not-for-us')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(connections, 0)
    assert.deepEqual(reborn.peers, [])
  })

  /** On the room's topic, and straight to the member, twice each. */
  async function replay(
    from: Outsider,
    to: string,
    topic: string,
    recorded: readonly Uint8Array[]
  ): Promise<void> {
    const stream = await from.dialProtocol(peerIdFromString(to), SIGNAL_PROTOCOL)
    for (const envelope of [...recorded, ...recorded]) {
      await from.services.pubsub.publish(topic, envelope)
      const { length } = envelope
      stream.send(Uint8Array.of((length & 0x7f) | 0x80, length >> 7, ...envelope))
    }
  }
})
