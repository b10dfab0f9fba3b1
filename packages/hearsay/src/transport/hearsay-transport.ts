import { transportSymbol } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { LinkInUseError, NoSessionError } from '../errors.ts'
import { listenAddress, overlayAddress, OVERLAY_LINK, readOverlayAddress } from './overlay-address.ts'
import { LINK_MUXER, SessionConnection } from './session-connection.ts'
import { linkLabel, linkOf } from './session-links.ts'
import { SessionListener } from './session-listener.ts'
import type { LinkChannel, SessionLinks } from './session-links.ts'
import type {
  ComponentLogger,
  Connection,
  CreateListenerOptions,
  DialTransportOptions,
  Logger,
  Transport,
  Upgrader
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What the transport takes of a libp2p node. */
export interface HearsayTransportComponents {
  upgrader: Upgrader
  logger: ComponentLogger
}

/** By which a mesh finds the transport in its node, also where two copies of this package are installed. */
const TRANSPORT_TAG = '@hearsay/transport'

/** The transport among those of a libp2p node, where it has it. */
export function findHearsayTransport(transports: readonly Transport[]): HearsayTransport | undefined {
  const found = transports.find((transport) => transport[Symbol.toStringTag] === TRANSPORT_TAG)
  return found as HearsayTransport | undefined
}

/**
 * libp2p connections over the sessions of a mesh (docs/specs/overlay-transport.md). It makes no session: it carries
 * streams of libp2p over those that stand. The session has proven who the peer is and encrypts, so neither is done again.
 */
export class HearsayTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = TRANSPORT_TAG
  readonly #components: HearsayTransportComponents
  readonly #log: Logger
  readonly #listeners = new Map<string, SessionListener>()
  #sessions: SessionLinks | undefined

  constructor(components: HearsayTransportComponents) {
    this.#components = components
    this.#log = components.logger.forComponent('hearsay:transport')
  }

  /** Whose sessions carry the links from now on; nobody's with `undefined`. */
  attach(sessions: SessionLinks | undefined): void {
    this.#sessions = sessions
  }

  /** Opens a link to a peer that we have a session with. Errors as `dial()`. */
  connect(peerId: string, signal: AbortSignal): Promise<Connection> {
    return this.dial(overlayAddress(peerId), { signal, upgrader: this.#components.upgrader })
  }

  /** Answers links of the mesh, without announcing it: a `/hearsay` address is of no use to who has no session. */
  async listen(): Promise<SessionListener> {
    const listener = this.createListener({ upgrader: this.#components.upgrader })
    await listener.listen(listenAddress(OVERLAY_LINK))
    return listener
  }

  /**
   * A peer opened a channel for a link.
   *
   * @returns false where nobody answers to its name
   */
  accept(peerId: string, channel: LinkChannel): boolean {
    const link = linkOf(channel.label)
    const listener = link === undefined ? undefined : this.#listeners.get(link)
    if (link === undefined || listener === undefined) return false
    const connection = this.#connection(channel, 'inbound', overlayAddress(peerId, link))
    connection.accept()
    void listener.accept(connection, peerIdFromString(peerId))
    return true
  }

  /**
   * Upgrades a new channel of the session with the address' peer.
   *
   * @throws {NoSessionError} there is no session with it
   * @throws {LinkRefusedError} nobody answers there, or wants no more links
   */
  async dial(
    address: Multiaddr,
    { signal, upgrader, onProgress }: DialTransportOptions
  ): Promise<Connection> {
    signal.throwIfAborted()
    const { link, peerId } = readOverlayAddress(address) ?? {}
    if (link === undefined || peerId === undefined || this.#sessions === undefined) {
      throw new NoSessionError(peerId ?? address.toString())
    }
    const channel = this.#sessions.open(peerId, linkLabel(link))
    const connection = this.#connection(channel, 'outbound', address)
    try {
      await connection.waitForAccept(signal)
      return await upgrader.upgradeOutbound(connection, {
        skipEncryption: true,
        remotePeer: peerIdFromString(peerId),
        muxerFactory: LINK_MUXER,
        signal,
        ...(onProgress !== undefined && { onProgress })
      })
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error('it was not upgraded'))
      throw error
    }
  }

  createListener({ upgrader }: CreateListenerOptions): SessionListener {
    return new SessionListener({
      upgrader,
      log: this.#log,
      claim: (link, listener) => {
        if (this.#listeners.has(link)) throw new LinkInUseError(link)
        this.#listeners.set(link, listener)
      },
      release: (link, listener) => {
        if (this.#listeners.get(link) === listener) this.#listeners.delete(link)
      }
    })
  }

  readonly listenFilter = (addresses: Multiaddr[]): Multiaddr[] =>
    addresses.filter((address) => readOverlayAddress(address) !== undefined)

  readonly dialFilter = (addresses: Multiaddr[]): Multiaddr[] =>
    addresses.filter((address) => readOverlayAddress(address)?.peerId !== undefined)

  #connection(
    channel: LinkChannel,
    direction: 'inbound' | 'outbound',
    remoteAddr: Multiaddr
  ): SessionConnection {
    return new SessionConnection({ channel, direction, remoteAddr, log: this.#log.newScope(direction) })
  }
}

/**
 * The transport for a libp2p node of your own that has `hearsay()` among its services:
 * `transports: [tcp(), hearsayTransport()]`. With it the overlay rides on the mesh's own WebRTC connections.
 */
export function hearsayTransport(): (components: HearsayTransportComponents) => HearsayTransport {
  return (components) => new HearsayTransport(components)
}
