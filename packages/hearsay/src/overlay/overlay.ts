import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { Alarm, monotonicNow } from '../alarm.ts'
import { withDeadline } from '../deadline.ts'
import { isOverSession } from './overlay-links.ts'
import { OverlayPlanner } from './overlay-planner.ts'
import type { HearsayComponents } from '../components.ts'
import type { OverlayLinks } from './overlay-links.ts'
import type { OverlayDial } from './overlay-planner.ts'
import type { Presence } from '../presence/presence.ts'
import type { Member } from '../presence/presence-table.ts'
import type { Connection, Logger, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface OverlayInit {
  readonly components: HearsayComponents
  readonly links: OverlayLinks
  /** Of our other rooms, which may need the same links. */
  readonly others: () => Iterable<Overlay>
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

/** A record is renewed after three quarters of its time to live at the latest: one that is not is overdue. */
const OVERDUE = 0.85

/** Keeps our place in a room's part of the overlay: enters it through the bootstrap addresses, then holds links to members. */
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
  #isRunning = false

  constructor(init: OverlayInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:overlay')
    const others = init.bootstrap.filter((address) => peerIdOf(address) !== init.components.peerId.toString())
    this.#planner = new OverlayPlanner({
      localPeer: init.components.peerId.toString(),
      compare: init.compare,
      degree: init.degree,
      bootstrap: others.map(String),
      random: Math.random,
      mayClose: (peerId) => init.links.mayClose(peerId) && !this.#isNeededElsewhere(peerId)
    })
    // A list of entries may hold our own address: the first node of all has nobody else to enter through.
    if (others.length === 0) this.#entered.resolve(undefined)
    this.#entered.promise.catch(() => undefined)
  }

  /** Connected members that pass on what we say. */
  get neighbours(): number {
    return this.#planner.neighbours
  }

  get neighbourIds(): Iterable<string> {
    return this.#planner.neighbourIds
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

  /** A session with a peer that is in the room came up, or turned out to be in it; or it is silent or over. */
  handleSession(peerId: string, isUp: boolean): void {
    if (!this.#init.links.overSessions) return
    this.#planner.handleSession(peerId, isUp, monotonicNow())
    this.#wake()
  }

  /** A member, with which we may have links for other rooms, has said goodbye to this one. */
  handleDeparted(peerId: string): void {
    this.#planner.handleDeparted(peerId, monotonicNow())
    this.#wake()
  }

  /** Whether the room would miss the link to that peer. */
  needs(peerId: string): boolean {
    return this.#planner.needs(peerId)
  }

  /** Whether a link that this peer opens over its session is of use to the room. */
  takesLink(peerId: string): boolean {
    return this.#planner.takesLink(peerId)
  }

  /** What the session with that peer is worth to the overlay; 0 where it carries no link. */
  worthOf(peerId: string): number {
    return this.#planner.worthOf(peerId)
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    const { components, presence } = this.#init
    components.events.addEventListener('peer:connect', this.#onConnect)
    components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    presence.addEventListener('neighbour', this.#onNeighbour)
    presence.addEventListener('discovered', this.#onMember)
    presence.addEventListener('updated', this.#onUpdated)
    presence.addEventListener('left', this.#onLeft)
    for (const { remotePeer } of components.connectionManager.getConnections())
      this.#handleConnect(remotePeer)
    this.#wake()
  }

  /** Makes no more links; those that there are may serve other rooms. */
  stop(): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.#alarm.set(undefined)
    this.#shutdown.abort()
    const { components, presence } = this.#init
    components.events.removeEventListener('peer:connect', this.#onConnect)
    components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    presence.removeEventListener('neighbour', this.#onNeighbour)
    presence.removeEventListener('discovered', this.#onMember)
    presence.removeEventListener('updated', this.#onUpdated)
    presence.removeEventListener('left', this.#onLeft)
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
    if (!this.#isRunning) return
    const at = this.#planner.pollTimeout()
    this.#alarm.set(at === undefined ? undefined : Math.max(at, this.#plannedAt + PLAN_PAUSE_MS))
  }

  #plan(now: number): void {
    this.#plannedAt = now
    this.#planner.handleTimeout(now)
    for (let next = this.#planner.pollOutput(); next !== undefined; next = this.#planner.pollOutput()) {
      if (next.kind === 'close') this.#close(next.target)
      else void this.#dial(next)
    }
    this.#wake()
  }

  #close(peerId: string): void {
    this.#log('the link to %s over the network is not needed any more', peerId)
    for (const other of this.#init.others()) other.#planner.handleEnding(peerId)
    void this.#init.links.close([peerId], { inbound: true })
  }

  #isNeededElsewhere(peerId: string): boolean {
    for (const other of this.#init.others()) if (other.needs(peerId)) return true
    return false
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
    if (kind === 'session') return this.#init.links.open(target)
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
