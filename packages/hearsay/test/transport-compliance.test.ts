import transportTests from '@libp2p/interface-compliance-tests/transport'
import { readOverlayAddress } from '../src/transport/overlay-address.ts'
import { connectedPair } from './support/session-node.ts'
import type { SessionNode } from './support/session-node.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const matcher = {
  matchers: [],
  matches: (address: Multiaddr) => readOverlayAddress(address) !== undefined,
  exactMatch: (address: Multiaddr) => readOverlayAddress(address) !== undefined
}

describe('the transport over sessions, by the suite of libp2p', () => {
  let pair: SessionNode[] = []

  transportTests({
    async setup() {
      pair = await connectedPair()
      return {
        dialer: pair[0].libp2p,
        listener: {
          ...pair[1].libp2p,
          addresses: { listen: ['/hearsay/overlay', '/hearsay/second'] }
        },
        dialMultiaddrMatcher: matcher,
        listenMultiaddrMatcher: matcher
      }
    },
    async teardown() {
      await Promise.all(pair.splice(0).map((node) => node.close()))
    }
  })
})
