import type { HearsayComponents } from '../components.ts'
import type { Connection } from '@libp2p/interface'

/** libp2p's own, under whatever prefix: identify, ping and the DHT. They end with the connection, or soon by themselves. */
const OF_LIBP2P = /^\/[^/]+(?:\/lan)?\/(?:id|id\/push|ping|kad)\/[^/]+$/

/** The names of our own protocols begin so. */
const OF_HEARSAY = '/hearsay/'

/**
 * Whether the application of whose libp2p node we are part uses the connection, by a stream of a protocol of its own:
 * then it is not ours to close, whoever dialed it. A stream that has no protocol yet does not count.
 */
export function hasForeignStream(
  { streams }: Pick<Connection, 'streams'>,
  { protocols }: Pick<HearsayComponents['pubsub'], 'protocols'>
): boolean {
  return streams.some(
    ({ protocol }) =>
      protocol !== '' &&
      !protocol.startsWith(OF_HEARSAY) &&
      !OF_LIBP2P.test(protocol) &&
      !protocols.includes(protocol)
  )
}
