import { peerIdFromString } from '@libp2p/peer-id'
import { INTRODUCE_PROTOCOL, IntroducerHost, IntroducerPath } from '@hearsay/signaling'
import { hasForeignStream } from '../overlay/foreign-streams.ts'
import { networkOf } from './network.ts'
import type { HearsayComponents } from '../components.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { Presence } from '../presence/presence.ts'
import type { Candidate, IntroducerDirectory, Room } from '@hearsay/signaling'
import type { Connection } from '@libp2p/interface'

/** Members that are looked at when our neighbours do not suffice: a room may have thousands. */
const MAX_CANDIDATES = 16

export interface IntroductionsInit {
  readonly components: HearsayComponents
  /** They come after signaling, which needs the path. */
  readonly rooms: () => readonly IntroductionsRoom[]
  /** How many members introduce us to others in each room. */
  readonly introducers: number
}

/** What introductions know of a room. */
export interface IntroductionsRoom {
  readonly room: Pick<Room, 'topic'>
  readonly presence: Presence
  /** Its neighbours have proven to be members, though their presence may not have come yet. */
  readonly overlay: Overlay
}

/**
 * Our part in introductions: passes on envelopes for members that ask for it, has others do so for us and says in our
 * presence who, and reaches members through those whom their presence names. Who is in one room of ours alone learns of
 * no other: in each we have introducers of its own.
 */
export class Introductions implements IntroducerDirectory {
  readonly path: IntroducerPath
  readonly #init: IntroductionsInit
  readonly #host: IntroducerHost
  /** Connected peers that speak the protocol. */
  readonly #speakers = new Set<string>()
  /** Connections that stand for introductions alone, by peer. */
  readonly #borrowed = new Map<string, Connection>()
  #topology: string | undefined

  constructor(init: IntroductionsInit) {
    this.#init = init
    const { components, introducers } = init
    this.path = new IntroducerPath({
      localPeer: components.peerId.toString(),
      directory: this,
      logger: components.logger,
      introducers
    })
    this.#host = new IntroducerHost(components, {
      onFarewell: (peer) => {
        this.#handleFarewell(peer)
      }
    })
  }

  async start(): Promise<void> {
    await this.#host.start()
    this.#topology = await this.#init.components.registrar.register(INTRODUCE_PROTOCOL, {
      onConnect: (peerId) => {
        this.#speakers.add(peerId.toString())
        this.path.refresh()
      },
      onDisconnect: (peerId) => {
        this.#speakers.delete(peerId.toString())
        this.#borrowed.delete(peerId.toString())
      }
    })
  }

  /** After signaling, which stops the path. */
  async stop(): Promise<void> {
    if (this.#topology !== undefined) this.#init.components.registrar.unregister(this.#topology)
    this.#topology = undefined
    this.#speakers.clear()
    await this.#host.stop()
  }

  /** Somebody may introduce us who could not before: a member was heard of, or a neighbour turned out to be one. */
  refresh(): void {
    this.path.refresh()
  }

  /** Whether an offer gets to the member without the whole room's help. */
  isReachable(peer: string): boolean {
    return this.isConnected(peer) || this.path.reaches(peer)
  }

  introducersOf(remotePeer: string): readonly string[] {
    return this.#init.rooms().flatMap(({ presence }) => presence.introducersOf(remotePeer))
  }

  rooms(): string[] {
    return this.#init.rooms().map(({ room }) => room.topic)
  }

  candidates(topic: string): Candidate[] {
    const room = this.#roomOf(topic)
    if (room === undefined) return []
    const { presence, overlay } = room
    const neighbours = new Set(overlay.neighbourIds)
    const connected = [...this.#speakers].filter(
      (peer) => neighbours.has(peer) || presence.get(peer) !== undefined
    )
    const others = sample(presence.members(), MAX_CANDIDATES).map(({ peerId }) => peerId)
    return [...new Set([...connected, ...others])].flatMap((peer) => this.#candidate(peer) ?? [])
  }

  isConnected(peer: string): boolean {
    return this.#connectionTo(peer) !== undefined
  }

  isDialable(peer: string): boolean {
    return this.#overlayTo(peer) !== undefined
  }

  async connect(peer: string, options: { signal: AbortSignal }): Promise<Connection> {
    const present = this.#connectionTo(peer)
    if (present !== undefined) return present
    const overlay = this.#overlayTo(peer)
    if (overlay === undefined) throw new Error('no room of ours knows an address to dial')
    const connection = await overlay.connect(peer, options)
    this.#borrowed.set(peer, connection)
    return connection
  }

  isBorrowed(peer: string): boolean {
    return this.#borrowed.has(peer)
  }

  /**
   * Hangs up where nothing but introductions needed the connection, nor does the application by now. Who was told so
   * does not look for another.
   */
  release(peer: string): void {
    const connection = this.#borrowed.get(peer)
    if (connection === undefined) return
    this.#borrowed.delete(peer)
    this.#handleFarewell(peer)
    if (hasForeignStream(connection, this.#init.components.pubsub)) return
    connection.close().catch(() => {
      connection.abort(new Error('it did not close'))
    })
  }

  announce(introducers: readonly string[], topic: string): void {
    this.#roomOf(topic)?.presence.setIntroducers(introducers)
  }

  #roomOf(topic: string): IntroductionsRoom | undefined {
    return this.#init.rooms().find(({ room }) => room.topic === topic)
  }

  /** Of a room that knows an address of that peer. */
  #overlayTo(peer: string): Overlay | undefined {
    return this.#init.rooms().find(({ overlay }) => overlay.addressesOf(peer).length > 0)?.overlay
  }

  #handleFarewell(peer: string): void {
    for (const { overlay } of this.#init.rooms()) overlay.handleFarewell(peer)
  }

  #candidate(peer: string): Candidate | undefined {
    const connection = this.#speakers.has(peer) ? this.#connectionTo(peer) : undefined
    const [address] = this.#overlayTo(peer)?.addressesOf(peer) ?? []
    const where = connection?.remoteAddr ?? address
    if (where === undefined) return undefined
    return {
      peer,
      isConnected: connection !== undefined,
      isDialable: address !== undefined,
      network: networkOf(where)
    }
  }

  #connectionTo(peer: string): Connection | undefined {
    return this.#init.components.connectionManager
      .getConnections(peerIdFromString(peer))
      .find(({ status, limits }) => status === 'open' && limits === undefined)
  }
}

function sample<T>(all: readonly T[], count: number): T[] {
  const start = Math.floor(Math.random() * all.length)
  return [...all.slice(start, start + count), ...all.slice(0, Math.max(0, start + count - all.length))]
}
