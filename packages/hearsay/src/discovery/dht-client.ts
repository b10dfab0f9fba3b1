import { KEEP_ALIVE, start, stop } from '@libp2p/interface'
import { DHT_PROTOCOL } from './constants.ts'
import type { DhtEntries } from './dht-entries.ts'
import type { Routing, RoutingAccess } from './routing-access.ts'
import type { OwnComponents } from '../components.ts'
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'

/** Rounds follow one another within seconds while nobody is found: so long it stays ready. */
const LINGER_MS = 10_000

/** Peers that lookups may make us remember until it rests; a lookup names a few hundred at most. */
const MAX_HEARD = 1_024

/**
 * A client of the DHT that is there only while it is used. A node of the DHT serves a few hundred connections; were
 * members to stay connected, and to refresh what they know of the DHT every five minutes, that would be its members.
 */
export class DhtClient implements RoutingAccess {
  readonly entries: DhtEntries
  readonly #components: OwnComponents
  readonly #lingerMs: number
  /** DHT nodes met while it runs. */
  readonly #met = new Map<string, PeerId>()
  /** DHT nodes, and members, that others named meanwhile. */
  readonly #heard = new Map<string, PeerId>()
  #dht: KadDHT | undefined
  #topology: string | undefined
  #idle: ReturnType<typeof setTimeout> | undefined
  #changing: Promise<unknown> = Promise.resolve()
  #uses = 0
  #stopped = false

  /** @param lingerMs how long it stays ready after it was used, in milliseconds */
  constructor(components: OwnComponents, entries: DhtEntries, lingerMs = LINGER_MS) {
    this.#components = components
    this.entries = entries
    this.#lingerMs = lingerMs
  }

  async use<Result>(work: (routing: Routing) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    clearTimeout(this.#idle)
    this.#uses++
    try {
      const routing = await this.#change(() => this.#wake())
      await this.entries.connect(signal)
      return await work(routing)
    } finally {
      if (--this.#uses === 0 && !this.#stopped) {
        this.#idle = setTimeout(() => {
          void this.#change(() => this.#rest())
        }, this.#lingerMs)
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#idle)
    await this.#change(() => this.#rest())
  }

  /** Starting and stopping one after another. */
  #change<Result>(step: () => Promise<Result>): Promise<Result> {
    const changed = this.#changing.then(step)
    this.#changing = changed.catch(() => undefined)
    return changed
  }

  async #wake(): Promise<Routing> {
    if (this.#stopped) throw new Error('the mesh has closed')
    const { dhtClient, routingOf } = await import('./dht-service.ts')
    this.#dht ??= dhtClient(this.#components, (peerId) => {
      if (this.#heard.size < MAX_HEARD) this.#heard.set(peerId.toString(), peerId)
    })
    if (this.#topology === undefined) await this.#start(this.#dht)
    return routingOf(this.#dht)
  }

  async #start(dht: KadDHT): Promise<void> {
    this.#topology = await this.#components.registrar.register(DHT_PROTOCOL, {
      onConnect: (peerId) => {
        this.#met.set(peerId.toString(), peerId)
      }
    })
    await start(dht)
  }

  async #rest(): Promise<void> {
    if (this.#topology === undefined || (this.#uses > 0 && !this.#stopped)) return
    this.#components.registrar.unregister(this.#topology)
    this.#topology = undefined
    await stop(this.#dht)
    const met = [...this.#met.values()]
    const heard = [...this.#heard.values()]
    this.#met.clear()
    this.#heard.clear()
    await Promise.all(met.map((peerId) => this.#leave(peerId)))
    await Promise.all(heard.map((peerId) => this.#forget(peerId)))
  }

  /** Closes the connections to a DHT node, but if it is in a room with us. */
  async #leave(peerId: PeerId): Promise<void> {
    const { connectionManager, peerStore, pubsub } = this.#components
    const isNeighbour = pubsub
      .getTopics()
      .some((topic) => pubsub.getSubscribers(topic).some((subscriber) => subscriber.equals(peerId)))
    if (isNeighbour) return
    try {
      // Else libp2p would connect again at once.
      const { tags } = await peerStore.get(peerId)
      const kept = [...tags.keys()].filter((tag) => tag.startsWith(KEEP_ALIVE))
      await peerStore.merge(peerId, { tags: Object.fromEntries(kept.map((tag) => [tag, undefined])) })
      await Promise.all(connectionManager.getConnections(peerId).map((connection) => connection.close()))
    } catch {
      // It has forgotten the peer, or the connection has ended by itself.
    }
    await this.#forget(peerId)
  }

  /** What libp2p knows of a peer: an hour later it would not take the same addresses for new. */
  async #forget(peerId: PeerId): Promise<void> {
    const { connectionManager, peerStore } = this.#components
    if (connectionManager.getConnections(peerId).length > 0) return
    await peerStore.delete(peerId)
  }
}
