import { peerIdFromString } from '@libp2p/peer-id'
import { withDeadline } from '../deadline.ts'
import { NoSessionError } from '../errors.ts'
import { readOverlayAddress } from '../transport/overlay-address.ts'
import { hasForeignStream } from './foreign-streams.ts'
import type { HearsayComponents } from '../components.ts'
import type { HearsayTransport } from '../transport/hearsay-transport.ts'
import type { LinkChannel } from '../transport/session-links.ts'
import type { SessionListener } from '../transport/session-listener.ts'
import type { Connection, Logger, PeerId } from '@libp2p/interface'

export interface OverlayLinksInit {
  readonly components: Pick<
    HearsayComponents,
    'connectionManager' | 'registrar' | 'pubsub' | 'events' | 'logger'
  >
  /** Carries links over sessions; absent in a libp2p node of somebody who has not added it. */
  readonly transport: HearsayTransport | undefined
  /** Whether any of our rooms takes a link that this peer opens over its session. */
  readonly takes: (peerId: string) => boolean
  /** Those who pass on what we say, in any of our rooms. */
  readonly neighbours: () => Iterable<string>
}

/** A link over a session is one round trip. */
const LINK_TIMEOUT_MS = 5_000

/** What waits on a link may take so long to leave before the link ends without it. */
const CLOSE_TIMEOUT_MS = 500

/** gossipsub opens its stream within a few round trips of a connection; without one for so long it never will. */
const DEAF_MS = 1_000

/** The links of the overlay as connections of libp2p. A link serves every room that its two ends share. */
export class OverlayLinks {
  readonly #init: OverlayLinksInit
  readonly #shutdown = new AbortController()
  /** Links being opened, by peer: two rooms may want the same one. */
  readonly #opening = new Map<string, Promise<Connection>>()
  readonly #log: Logger
  /** Neighbours to whom gossipsub had no stream when we last looked. */
  #deaf = new Set<string>()
  #listener: SessionListener | undefined
  #looking: ReturnType<typeof setInterval> | undefined

  constructor(init: OverlayLinksInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:overlay')
  }

  /** Sessions can carry links. */
  get overSessions(): boolean {
    return this.#init.transport !== undefined
  }

  async start(): Promise<void> {
    this.#init.components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#looking = setInterval(() => {
      this.#mendDeaf()
    }, DEAF_MS)
    this.#listener = await this.#init.transport?.listen()
  }

  /** Ends the links over sessions, once what waits on them has left. Those over the network are for libp2p to end. */
  async stop(): Promise<void> {
    clearInterval(this.#looking)
    this.#init.components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#shutdown.abort()
    await this.#listener?.close()
    await Promise.all(
      this.#init.components.connectionManager.getConnections().filter(isOverSession).map(closeLink)
    )
  }

  /** A peer opened a channel. @returns whether it is a link, and taken */
  accept(peerId: string, channel: LinkChannel): boolean {
    return this.#init.takes(peerId) && this.#init.transport?.accept(peerId, channel) === true
  }

  /**
   * A link over the session with that peer. Not by libp2p's dial queue: it would remember the address and tell others.
   *
   * @throws {NoSessionError} there is no session with it
   * @throws {LinkRefusedError} it takes no more links
   */
  open(peerId: string): Promise<Connection> {
    const before = this.#opening.get(peerId)
    if (before !== undefined) return before
    const opening = this.#open(peerId).finally(() => this.#opening.delete(peerId))
    this.#opening.set(peerId, opening)
    return opening
  }

  /** Whether the application uses none of the connections to that peer. */
  mayClose(peerId: string): boolean {
    return !this.#linksTo(peerId).some((link) => this.#isForeign(link))
  }

  /**
   * Hangs up on peers of which nobody has a need any more: all links to them, or those alone that we have made; but
   * none that the application uses.
   */
  async close(peerIds: readonly string[], { inbound }: { inbound: boolean }): Promise<void> {
    const links = peerIds.flatMap((peerId) => this.#linksTo(peerId))
    await Promise.all(
      links
        .filter((link) => (inbound || link.direction === 'outbound') && !this.#isForeign(link))
        .map((link) => closeLink(link))
    )
  }

  #linksTo(peerId: string): Connection[] {
    return this.#init.components.connectionManager.getConnections(peerIdFromString(peerId))
  }

  #isForeign(link: Connection): boolean {
    return hasForeignStream(link, this.#init.components.pubsub)
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#deaf.delete(detail.toString())
  }

  async #open(peerId: string): Promise<Connection> {
    const { transport } = this.#init
    if (transport === undefined) throw new NoSessionError(peerId)
    return withDeadline(LINK_TIMEOUT_MS, this.#shutdown.signal, (signal) => transport.connect(peerId, signal))
  }

  /**
   * gossipsub keeps one stream to a peer, on one of the connections to it, and looks for no other where that one ended
   * alone: the peer would hear nothing from us for ever. So it is shown one that is left. (There are two where both
   * sides dialed at once, or where a second process uses the peer's identity.)
   */
  #mendDeaf(): void {
    const { connectionManager, pubsub } = this.#init.components
    const deaf = new Set<string>()
    for (const peerId of new Set(this.#init.neighbours())) {
      const links = connectionManager.getConnections(peerIdFromString(peerId))
      const streams = links.flatMap((link) => link.streams)
      const isHeard = streams.some(
        ({ direction, protocol }) => direction === 'outbound' && pubsub.protocols.includes(protocol)
      )
      if (isHeard) continue
      if (this.#deaf.has(peerId)) void this.#tellGossip(links)
      else deaf.add(peerId)
    }
    this.#deaf = deaf
  }

  async #tellGossip(links: readonly Connection[]): Promise<void> {
    const { registrar, pubsub } = this.#init.components
    const link = links.find(({ status, limits }) => status === 'open' && limits === undefined)
    if (link === undefined) return
    try {
      for (const protocol of pubsub.protocols) {
        for (const topology of registrar.getTopologies(protocol)) {
          await topology.onConnect?.(link.remotePeer, link)
        }
      }
    } catch (error) {
      this.#log('gossip does not take the link to %s - %e', link.remotePeer, error)
    }
  }
}

export function isOverSession({ remoteAddr }: Connection): boolean {
  return readOverlayAddress(remoteAddr) !== undefined
}

async function closeLink(link: Connection): Promise<void> {
  try {
    await withDeadline(CLOSE_TIMEOUT_MS, undefined, (signal) => link.close({ signal }))
  } catch (error) {
    link.abort(error instanceof Error ? error : new Error('it did not close'))
  }
}
