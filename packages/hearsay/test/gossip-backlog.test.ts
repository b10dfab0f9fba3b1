import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { createNode } from '../src/create-node.ts'
import { LOOPBACK } from './support/meshes.ts'
import { Outsiders } from './support/outsiders.ts'

const MESSAGE_BYTES = 64 * 1024

describe('gossip to a neighbour that does not read it', function () {
  this.timeout(30_000)
  const outsiders = new Outsiders()

  afterEach(() => outsiders.stopAll())

  it('is kept up to a bound, and no further for that neighbour', async () => {
    const node = await createNode({
      privateKey: await generateKeyPair('Ed25519'),
      listen: LOOPBACK,
      logger: undefined,
      metrics: undefined,
      dhtServer: false,
      hearsay: () => ({})
    })
    await node.start()
    node.services.pubsub.subscribe('topic')
    const deaf = await outsiders.create(String(node.getMultiaddrs()[0]), ['topic'])
    const [connection] = deaf.getConnections()
    const stream = connection.streams.find(
      ({ protocol, direction }) => protocol.startsWith('/meshsub/') && direction === 'inbound'
    )
    assert.ok(stream !== undefined)
    const ended = new Promise((resolve) => {
      stream.addEventListener('close', resolve, { once: true })
    })
    stream.pause()
    // What the network itself holds, and 4 MiB.
    for (let sent = 0; sent < 16 * 1024 * 1024 && stream.status === 'open'; sent += MESSAGE_BYTES) {
      await node.services.pubsub.publish('topic', crypto.getRandomValues(new Uint8Array(MESSAGE_BYTES)))
    }
    await ended
    await node.stop()
  })
})
