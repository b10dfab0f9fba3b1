import { TypedEventEmitter } from 'main-event'
import type { Listener, ListenerEvents, Logger, PeerId, Upgrader } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { readOverlayAddress } from './overlay-address.ts'
import { LINK_MUXER } from './session-connection.ts'
import type { SessionConnection } from './session-connection.ts'

/** What waits to be sent on a link has so long to leave when the listener closes. */
const CLOSE_TIMEOUT_MS = 500

export interface SessionListenerInit {
  readonly upgrader: Upgrader
  readonly log: Logger
  /** Takes the place of who answers to a link's name. @throws {LinkInUseError} somebody does */
  readonly claim: (link: string, listener: SessionListener) => void
  readonly release: (link: string, listener: SessionListener) => void
}

/** Answers to one name of links: what peers open becomes a connection of libp2p. */
export class SessionListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: SessionListenerInit
  readonly #shutdown = new AbortController()
  readonly #connections = new Set<SessionConnection>()
  #address: Multiaddr | undefined

  constructor(init: SessionListenerInit) {
    super()
    this.#init = init
  }

  async listen(address: Multiaddr): Promise<void> {
    const { link } = readOverlayAddress(address) ?? {}
    if (link === undefined) throw new TypeError(`${address.toString()} is not an address of this transport`)
    this.#init.claim(link, this)
    this.#address = address
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    return this.#address === undefined ? [] : [this.#address]
  }

  updateAnnounceAddrs(): void {
    // What leads to us only over a session that there is says nothing to others.
  }

  /** A peer, proven by its session, opened a link to us. */
  async accept(connection: SessionConnection, remotePeer: PeerId): Promise<void> {
    const { upgrader, log } = this.#init
    const { signal } = this.#shutdown
    this.#connections.add(connection)
    connection.addEventListener('close', () => this.#connections.delete(connection), { once: true })
    try {
      await upgrader.upgradeInbound(connection, {
        skipEncryption: true,
        remotePeer,
        muxerFactory: LINK_MUXER,
        signal
      })
    } catch (error) {
      log('no connection came of the link that %p opened - %e', remotePeer, error)
      connection.abort(error instanceof Error ? error : new Error('it was not upgraded'))
    }
  }

  async close(): Promise<void> {
    const link = this.#address && readOverlayAddress(this.#address)?.link
    if (link === undefined) return
    this.#address = undefined
    this.#init.release(link, this)
    this.#shutdown.abort(new Error('the listener was closed'))
    await Promise.all(
      [...this.#connections].map((connection) =>
        connection.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch((error: unknown) => {
          connection.abort(error instanceof Error ? error : new Error('it did not close'))
        })
      )
    )
    this.safeDispatchEvent('close')
  }
}
