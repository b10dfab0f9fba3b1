import assert from 'node:assert/strict'
import { testPeerId } from '@hearsay/testing'
import { TypedEventEmitter } from 'main-event'
import { defaultLogger } from '@libp2p/logger'
import { OverlayLinks } from '../src/overlay/overlay-links.ts'

const OWN = [
  '',
  '/meshsub/1.1.0',
  '/hearsay/presence/1.0.0',
  '/hearsay/kad/1.0.0',
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/ipfs/lan/kad/1.0.0'
]

describe('overlay links', () => {
  const [member, friend] = [2, 3].map(testPeerId)
  let closed: string[]

  beforeEach(() => {
    closed = []
  })

  interface Held {
    readonly peer: string
    readonly direction: 'inbound' | 'outbound'
    readonly protocols: readonly string[]
  }

  function linksOver(held: readonly Held[]): OverlayLinks {
    const connections = held.map(({ peer, direction, protocols }) => ({
      peer,
      direction,
      streams: protocols.map((protocol) => ({ protocol })),
      close: async () => {
        closed.push(`${direction} ${peer}`)
      }
    }))
    return new OverlayLinks({
      components: {
        connectionManager: {
          getConnections: (peerId: unknown) => connections.filter(({ peer }) => peer === String(peerId))
        },
        pubsub: { protocols: ['/meshsub/1.1.0'] },
        events: new TypedEventEmitter(),
        logger: defaultLogger()
      } as never,
      transport: undefined,
      takes: () => false,
      neighbours: () => []
    })
  }

  it('end where nothing but hearsay and libp2p has streams on them', async () => {
    const links = linksOver([
      { peer: member, direction: 'outbound', protocols: OWN },
      { peer: member, direction: 'inbound', protocols: [] }
    ])
    assert.equal(links.mayClose(member), true)
    await links.close([member], { inbound: false })
    assert.deepEqual(closed, [`outbound ${member}`])
    await links.close([member], { inbound: true })
    assert.deepEqual(closed.slice(1).sort(), [`inbound ${member}`, `outbound ${member}`])
  })

  it('stand where the application has a stream on one of them', async () => {
    const links = linksOver([
      { peer: friend, direction: 'outbound', protocols: [...OWN, '/app/1.0.0'] },
      { peer: friend, direction: 'inbound', protocols: OWN },
      { peer: member, direction: 'outbound', protocols: OWN }
    ])
    assert.equal(links.mayClose(friend), false)
    await links.close([friend, member], { inbound: false })
    assert.deepEqual(closed, [`outbound ${member}`])
  })
})
