import assert from 'node:assert/strict'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { createNode } from '../src/create-node.ts'
import { checkHost } from '../src/host-check.ts'
import type { HearsayComponents } from '../src/components.ts'
import type { HostWarning } from '../src/host-check.ts'

/** A service that is nothing but the check. */
const check = (components: HearsayComponents): { warnings(): HostWarning[] } => ({
  warnings: () => checkHost(components)
})

const base = { start: false, connectionEncrypters: [noise()], streamMuxers: [yamux()] }

describe('host check', () => {
  it('says what to set where transports, gossipsub and the connection manager are as by default', async () => {
    const node = await createLibp2p({
      ...base,
      services: { identify: identify(), pubsub: gossipsub(), check }
    })
    const warnings = node.services.check.warnings()
    assert.deepEqual(
      warnings.map(({ code }) => code),
      [
        'HEARSAY_TRANSPORT_MISSING',
        'HEARSAY_GOSSIPSUB_IP_COLOCATION',
        'HEARSAY_INBOUND_CONNECTION_RATE',
        'HEARSAY_INBOUND_CONNECTIONS_PENDING'
      ]
    )
    assert.match(warnings[0].message, /transports: \[tcp\(\), hearsayTransport\(\)\]/)
    assert.match(warnings[1].message, /gossipsub\(\{ scoreParams: \{ IPColocationFactorWeight: 0 \} \}\)/)
    assert.match(warnings[2].message, /5 new connections a second.*inboundConnectionThreshold: 100/)
    assert.match(warnings[3].message, /maxIncomingPendingConnections: 100/)
  })

  it('is content with the node that a mesh makes for itself', async () => {
    const node = await createNode({
      privateKey: await generateKeyPair('Ed25519'),
      listen: [],
      logger: undefined,
      metrics: undefined,
      dhtServer: false,
      hearsay: check
    })
    assert.deepEqual(node.services.hearsay.warnings(), [])
  })
})
