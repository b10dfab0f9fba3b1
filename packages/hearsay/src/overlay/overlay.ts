import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { Alarm, monotonicNow } from '../alarm.ts'
import { withDeadline } from '../deadline.ts'
import { NoSessionError } from '../errors.ts'
import { OverlayPlanner } from './overlay-planner.ts'
import { readOverlayAddress } from '../transport/overlay-address.ts'
import type { HearsayComponents } from '../components.ts'
import type { OverlayDial } from './overlay-planner.ts'
import type { Presence } from '../presence/presence.ts'
import type { Member } from '../presence/presence-table.ts'
import type { Connection, Logger, PeerId } from '@libp2p/interface'
import type { HearsayTransport } from '../transport/hearsay-transport.ts'
import type { LinkChannel } from '../transport/session-links.ts'
import type { SessionListener } from '../transport/session-listener.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface OverlayInit {
  readonly components: HearsayComponents
  /** Carries links over sessions; absent in a libp2p node of somebody who has not added it. */
  readonly transport: HearsayTransport | undefined
  readonly presence: Presence
  readonly bootstrap: readonly Multiaddr[]
  readonly degree: number
  /** Orders peer IDs by public-key bytes. */
  readonly compare: (a: string, b: string) => number
}

/** Between two looks at the plan: in a room that comes together much happens at a time, and each look is at all of it. */
const PLAN_PAUSE_MS = 50

/** One overlay dial takes no longer; a host that answers at all answers within a few round trips. */
const DIAL_TIMEOUT_MS = 10_000

/** A link over a session is one round trip. */
const LINK_TIMEOUT_MS = 5_000

/** What waits on a link may take so long to leave before the link ends without it. */
const CLOSE_TIMEOUT_MS = 500

/** A record is renewed after three quarters of its time to live at the latest: one that is not is overdue. */
const OVERDUE = 0.85

/** gossipsub opens its stream within a few round trips of a connection; without one for so long it never will. */
const DEAF_MS = 1_000

/** Keeps our place in the overlay: enters it through the bootstrap addresses, then holds links to members. */
export class Overlay {
  readonly #init: OverlayInit
  readonly #planner: OverlayPlanner
  readonly #log: Logger
  readonly #shutdown = new AbortController()
  readonly #entered = Promise.withResolvers<undefined>()
  readonly #failures = new Map<string, unknown>()
  readonly #alarm = new Alarm((now) => {
    this.#plan(now)
  })
  #plannedAt = Number.NEGATIVE_INFINITY
  /** Neighbours to whom gossipsub had no stream when we last looked. */
  #deaf = new Set<string>()
  #listener: SessionListener | undefined
  #looking: ReturnType<typeof setInterval> | undefined

  constructor(init: OverlayInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:overlay')
    const others = init.bootstrap.filter((address) => peerIdOf(address) !== init.components.peerId.toString())
    this.#planner = new OverlayPlanner({
      localPeer: init.components.peerId.toString(),
      compare: init.compare,
      degree: init.degree,
      bootstrap: others.map(String),
      random: Math.random
    })
    // A list of entries may hold our own address: the first node of all has nobody else to enter through.
    if (others.length === 0) this.#entered.resolve(undefined)
    this.#entered.promise.catch(() => undefined)
  }

  /** Connected members that pass on what we say. */
  get neighbours(): number {
    return this.#planner.neighbours
  }

  /** Resolves once a bootstrap address answered; never where none does. */
  get entered(): Promise<undefined> {
    return this.#entered.promise
  }

  /** Why each bootstrap address that failed did so the last time. */
  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return this.#failures
  }

  /** Links over sessions. */
  get sessionLinks(): number {
    return this.#planner.sessionLinks
  }

  /** A session with that peer came up, or is silent or over. */
  handleSession(peerId: string, isUp: boolean): void {
    if (this.#init.transport === undefined) return
    this.#planner.handleSession(peerId, isUp, monotonicNow())
    this.#wake()
  }

  /** What the session with that peer is worth to the overlay; 0 where it carries no link. */
  worthOf(peerId: string): number {
    return this.#planner.worthOf(peerId)
  }

  /** A peer opened a channel. @returns whether it is a link, and taken */
  handleChannel(peerId: string, channel: LinkChannel): boolean {
    return this.#planner.takesLink(peerId) && this.#init.transport?.accept(peerId, channel) === true
  }

  async start(): Promise<void> {
    if (this.#looking !== undefined) return
    const { components, presence, transport } = this.#init
    components.events.addEventListener('peer:connect', this.#onConnect)
    components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    presence.addEventListener('neighbour', this.#onNeighbour)
    presence.addEventListener('discovered', this.#onMember)
    presence.addEventListener('updated', this.#onUpdated)
    presence.addEventListener('left', this.#onLeft)
    this.#looking = setInterval(() => {
      this.#mendDeaf()
    }, DEAF_MS)
    for (const { remotePeer } of components.connectionManager.getConnections())
      this.#handleConnect(remotePeer)
    this.#wake()
    this.#listener = await transport?.listen()
  }

  /** Ends the links over sessions, once what waits on them has left. Those over the network are for libp2p to end. */
  async stop(): Promise<void> {
    if (this.#looking === undefined) return
    clearInterval(this.#looking)
    this.#looking = undefined
    this.#alarm.set(undefined)
    this.#shutdown.abort()
    const { components, presence } = this.#init
    components.events.removeEventListener('peer:connect', this.#onConnect)
    components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    presence.removeEventListener('neighbour', this.#onNeighbour)
    presence.removeEventListener('discovered', this.#onMember)
    presence.removeEventListener('updated', this.#onUpdated)
    presence.removeEventListener('left', this.#onLeft)
    await this.#listener?.close()
    const links = components.connectionManager.getConnections().filter(isOverSession)
    await Promise.all(links.map((link) => closeLink(link)))
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#handleConnect(detail)
  }

  #handleConnect(peerId: PeerId): void {
    const [connection] = this.#init.components.connectionManager.getConnections(peerId)
    if (connection === undefined) return
    const kind = isOverSession(connection) ? 'session' : 'network'
    const outbound = connection.direction === 'outbound'
    this.#planner.handleConnected(peerId.toString(), kind, outbound, monotonicNow())
    this.#wake()
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#deaf.delete(detail.toString())
    this.#planner.handleDisconnected(detail.toString(), monotonicNow())
    this.#wake()
  }

  readonly #onNeighbour = ({ detail }: CustomEvent<string>): void => {
    this.#planner.handleNeighbour(detail)
    this.#wake()
  }

  readonly #onMember = ({ detail }: CustomEvent<Member>): void => {
    this.#handleMember(detail)
  }

  readonly #onUpdated = ({ detail: { member } }: CustomEvent<{ member: Member }>): void => {
    this.#handleMember(member)
  }

  #handleMember(member: Member): void {
    this.#planner.handleMember(member.peerId, monotonicNow(), overdueAt(member))
    this.#wake()
  }

  readonly #onLeft = ({ detail }: CustomEvent<{ member: { peerId: string } }>): void => {
    this.#planner.handleMemberLeft(detail.member.peerId)
    this.#wake()
  }

  /** Something may have changed: the plan is looked at when it wants to be. */
  #wake(): void {
    if (this.#looking === undefined) return
    const at = this.#planner.pollTimeout()
    this.#alarm.set(at === undefined ? undefined : Math.max(at, this.#plannedAt + PLAN_PAUSE_MS))
  }

  #plan(now: number): void {
    this.#plannedAt = now
    this.#planner.handleTimeout(now)
    for (let next = this.#planner.pollOutput(); next !== undefined; next = this.#planner.pollOutput()) {
      if (next.kind === 'close') void this.#closeAll(next.target)
      else void this.#dial(next)
    }
    this.#wake()
  }

  async #closeAll(peerId: string): Promise<void> {
    this.#log('the link to %s over the network is not needed any more', peerId)
    const links = this.#init.components.connectionManager.getConnections(peerIdFromString(peerId))
    await Promise.all(links.map((link) => closeLink(link)))
  }

  /**
   * gossipsub keeps one stream to a peer, on one of the connections to it, and looks for no other where that one ended
   * alone: the peer would hear nothing from us for ever. So it is shown one that is left. (There are two where both
   * sides dialed at once, or where a second process uses the peer's identity.)
   */
  #mendDeaf(): void {
    const { connectionManager, pubsub } = this.#init.components
    const deaf = new Set<string>()
    for (const peerId of this.#planner.neighbourIds) {
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

  async #dial(dial: OverlayDial): Promise<void> {
    try {
      const { remotePeer } = await this.#open(dial)
      this.#planner.handleDialed(dial.target, remotePeer.toString(), monotonicNow())
      this.#wake()
      if (dial.kind === 'bootstrap') this.#entered.resolve(undefined)
    } catch (error) {
      this.#planner.handleDialed(dial.target, undefined, monotonicNow())
      this.#wake()
      if (this.#shutdown.signal.aborted) return
      if (dial.kind === 'bootstrap') this.#failures.set(dial.target, error)
      this.#log('no overlay connection to a %s', dial.kind)
      this.#log.trace('no overlay connection to %s - %e', dial.target, error)
    }
  }

  async #open({ kind, target }: OverlayDial): Promise<Connection> {
    if (kind === 'session') return this.#openLink(target)
    return withDeadline(DIAL_TIMEOUT_MS, this.#shutdown.signal, (signal) =>
      kind === 'bootstrap'
        ? this.#init.components.connectionManager.openConnection([multiaddr(target)], { signal })
        : this.connect(target, { signal })
    )
  }

  /** A connection to a member. Who has no more use for it closes it, after `handleFarewell()`. */
  async connect(peerId: string, { signal }: { signal: AbortSignal }): Promise<Connection> {
    const addresses = this.addressesOf(peerId)
    if (addresses.length === 0) throw new Error('it announces no address to dial')
    return this.#init.components.connectionManager.openConnection(addresses, { signal })
  }

  /** The connection to this peer will end because it, or we, have no more use for it: nobody has to take its place. */
  handleFarewell(peerId: string): void {
    this.#planner.handleFarewell(peerId)
    this.#wake()
  }

  /** Not by libp2p's dial queue: it would remember the address and tell others of it. */
  #openLink(peerId: string): Promise<Connection> {
    const { transport } = this.#init
    if (transport === undefined) throw new NoSessionError(peerId)
    return withDeadline(LINK_TIMEOUT_MS, this.#shutdown.signal, (signal) => transport.connect(peerId, signal))
  }

  /** The addresses that the member announced, each with its peer ID: whoever else answers there is refused. */
  addressesOf(peerId: string): Multiaddr[] {
    const announced = this.#init.presence.get(peerId)?.addresses ?? []
    return announced.flatMap((bytes) => {
      const address = decodeAddress(bytes)
      if (address === undefined) return []
      const named = peerIdOf(address)
      return named === undefined ? [address.encapsulate(`/p2p/${peerId}`)] : named === peerId ? [address] : []
    })
  }
}

function isOverSession({ remoteAddr }: Connection): boolean {
  return readOverlayAddress(remoteAddr) !== undefined
}

async function closeLink(link: Connection): Promise<void> {
  try {
    await withDeadline(CLOSE_TIMEOUT_MS, undefined, (signal) => link.close({ signal }))
  } catch (error) {
    link.abort(error instanceof Error ? error : new Error('it did not close'))
  }
}

function overdueAt({ heardAt, expiresAt }: Member): number {
  return heardAt + OVERDUE * (expiresAt - heardAt)
}

function decodeAddress(bytes: Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(bytes)
  } catch {
    return undefined
  }
}

function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value
}
