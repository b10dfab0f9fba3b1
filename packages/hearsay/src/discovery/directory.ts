import { withDeadline } from '../deadline.ts'
import { MAX_PROVIDERS_FOUND } from './constants.ts'
import type { FoundPeer } from './found-peers.ts'
import type { RoundResult } from './round-planner.ts'
import type { Routing, RoutingAccess } from './routing-access.ts'
import type { HearsayComponents } from '../components.ts'
import type { Logger, PeerInfo } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

export interface DirectoryInit {
  readonly components: Pick<HearsayComponents, 'addressManager' | 'peerId'>
  readonly key: CID
  readonly routing: RoutingAccess
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A lookup in a DHT of any size ends sooner; while no node of it answers, it would wait for ever. */
const SEEK_TIMEOUT_MS = 10_000

/** Providing is a lookup, then a message to the twenty nearest nodes, of which some may not answer. */
const PROVIDE_TIMEOUT_MS = 30_000

/** A room's provider records in a DHT, by the libp2p node's content routing. */
export class Directory {
  readonly #init: DirectoryInit

  constructor(init: DirectoryInit) {
    this.#init = init
  }

  /** The libp2p node has no content routing. */
  static isMissing(error: unknown): boolean {
    return error instanceof Error && error.name === 'NoContentRoutersError'
  }

  /**
   * Looks up who provides the room's key, and tells of each at once.
   *
   * @throws the libp2p node has no content routing
   */
  async seek(onFound: (peer: FoundPeer) => void): Promise<RoundResult> {
    const { components, key, log, signal } = this.#init
    let found = 0
    try {
      await this.#use(SEEK_TIMEOUT_MS, async (routing, deadline) => {
        for await (const provider of routing.findProviders(key, { signal: deadline })) {
          if (provider.id.equals(components.peerId)) continue
          onFound(foundPeer(provider))
          if (++found === MAX_PROVIDERS_FOUND) break
        }
      })
    } catch (error) {
      if (Directory.isMissing(error)) throw error
      if (!signal.aborted) log('lookup ended early - %e', error)
      return { ok: found > 0, found }
    }
    log('lookup found %d members', found)
    return { ok: true, found }
  }

  /** Puts us down as a provider of the room's key. Who has no address would find nobody. */
  async provide(): Promise<RoundResult> {
    const { components, key, log, signal } = this.#init
    if (components.addressManager.getAddresses().length === 0) return { ok: true, found: 0 }
    try {
      await this.#use(PROVIDE_TIMEOUT_MS, (routing, deadline) => routing.provide(key, { signal: deadline }))
    } catch (error) {
      if (!signal.aborted) log('could not provide - %e', error)
      return { ok: false, found: 0 }
    }
    log('we are in the directory')
    return { ok: true, found: 0 }
  }

  #use(timeoutMs: number, work: (routing: Routing, deadline: AbortSignal) => Promise<void>): Promise<void> {
    const { routing, signal } = this.#init
    return withDeadline(timeoutMs, signal, (deadline) =>
      routing.use((ready) => work(ready, deadline), deadline)
    )
  }
}

function foundPeer({ id, multiaddrs }: PeerInfo): FoundPeer {
  const peerId = id.toString()
  const suffix = `/p2p/${peerId}`
  return {
    peerId,
    addresses: multiaddrs.map(String).map((text) => (text.includes('/p2p/') ? text : text + suffix))
  }
}
