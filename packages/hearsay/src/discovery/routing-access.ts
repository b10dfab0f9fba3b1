import type { DhtEntries } from './dht-entries.ts'
import type { HearsayComponents } from '../components.ts'
import type { AbortOptions, PeerInfo } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What is needed of content routing. */
export interface Routing {
  findProviders(key: CID, options: AbortOptions): AsyncIterable<PeerInfo>
  provide(key: CID, options: AbortOptions): Promise<void>
}

/** A way to content routing, which is seldom needed. */
export interface RoutingAccess {
  readonly entries: DhtEntries
  /** Makes it ready, does that work, and lets it rest afterwards. */
  use<Result>(work: (routing: Routing) => Promise<Result>, signal: AbortSignal): Promise<Result>
  /** Leaves nothing behind. Idempotent. */
  stop(): Promise<void>
}

/** The content routing that the libp2p node has; it runs as long as the node. */
export class NodeRouting implements RoutingAccess {
  readonly entries: DhtEntries
  readonly #components: Pick<HearsayComponents, 'contentRouting'>

  constructor(components: Pick<HearsayComponents, 'contentRouting'>, entries: DhtEntries) {
    this.#components = components
    this.entries = entries
  }

  async use<Result>(work: (routing: Routing) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.entries.connect(signal)
    return work(this.#components.contentRouting)
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}
