import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { monotonicNow } from '../alarm.ts'
import { withDeadline } from '../deadline.ts'
import { OverlayPlanner } from './overlay-planner.ts'
import type { HearsayComponents } from '../components.ts'
import type { OverlayDial } from './overlay-planner.ts'
import type { Presence } from '../presence/presence.ts'
import type { Connection, Logger, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface OverlayInit {
  readonly components: HearsayComponents
  readonly presence: Presence
  readonly bootstrap: readonly Multiaddr[]
  readonly degree: number
  /** How often members renew their records, in milliseconds. */
  readonly renewalMs: number
}

/** How often the plan is looked at: a failed entry is tried again soon, and looking costs microseconds. */
const TICK_MS = 250

/** One overlay dial takes no longer; a host that answers at all answers within a few round trips. */
const DIAL_TIMEOUT_MS = 10_000

/** A peer's link is not replaced again so soon: whose link was replaced dials at once, and would throw out the newer. */
const REPLACE_AGAIN_MS = 500

/** Keeps our place in the overlay: enters it through the bootstrap addresses, then holds links to members. */
export class Overlay {
  readonly #init: OverlayInit
  readonly #planner: OverlayPlanner
  readonly #log: Logger
  readonly #shutdown = new AbortController()
  readonly #entered = Promise.withResolvers<undefined>()
  readonly #failures = new Map<string, unknown>()
  /** When a neighbour's link was replaced; bounded by the neighbours. */
  readonly #replacedAt = new Map<string, number>()
  #tick: ReturnType<typeof setInterval> | undefined

  constructor(init: OverlayInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:overlay')
    const others = init.bootstrap.filter((address) => peerIdOf(address) !== init.components.peerId.toString())
    this.#planner = new OverlayPlanner({
      degree: init.degree,
      bootstrap: others.map(String),
      overdueMs: 1.5 * init.renewalMs,
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

  start(): void {
    if (this.#tick !== undefined) return
    const { components, presence } = this.#init
    components.events.addEventListener('connection:open', this.#onConnection)
    components.events.addEventListener('peer:connect', this.#onConnect)
    components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    presence.addEventListener('neighbour', this.#onNeighbour)
    presence.addEventListener('discovered', this.#onMember)
    presence.addEventListener('updated', this.#onUpdated)
    presence.addEventListener('left', this.#onLeft)
    for (const { remotePeer } of components.connectionManager.getConnections()) {
      this.#planner.handleConnected(remotePeer.toString())
    }
    this.#tick = setInterval(() => {
      this.#plan()
    }, TICK_MS)
    this.#plan()
  }

  stop(): void {
    if (this.#tick === undefined) return
    clearInterval(this.#tick)
    this.#tick = undefined
    this.#shutdown.abort()
    const { components, presence } = this.#init
    components.events.removeEventListener('connection:open', this.#onConnection)
    components.events.removeEventListener('peer:connect', this.#onConnect)
    components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    presence.removeEventListener('neighbour', this.#onNeighbour)
    presence.removeEventListener('discovered', this.#onMember)
    presence.removeEventListener('updated', this.#onUpdated)
    presence.removeEventListener('left', this.#onLeft)
  }

  /**
   * A process does not dial whom it is connected to: a second inbound connection of one member comes from a new process
   * with its identity, and the first is dead or belongs to the older one. gossipsub would go on talking to that alone.
   */
  readonly #onConnection = ({ detail: connection }: CustomEvent<Connection>): void => {
    const { components, presence } = this.#init
    const { remotePeer, direction, id } = connection
    const peerId = remotePeer.toString()
    if (direction !== 'inbound' || presence.get(peerId) === undefined) return
    const earlier = components.connectionManager
      .getConnections(remotePeer)
      .filter((other) => other.direction === 'inbound' && other.limits === undefined && other.id !== id)
    const now = monotonicNow()
    if (earlier.length === 0 || now - (this.#replacedAt.get(peerId) ?? -Infinity) < REPLACE_AGAIN_MS) return
    this.#replacedAt.set(peerId, now)
    for (const link of earlier) link.abort(new Error('replaced by a newer connection of the same peer'))
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#planner.handleConnected(detail.toString())
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#replacedAt.delete(detail.toString())
    this.#planner.handleDisconnected(detail.toString(), monotonicNow())
    this.#plan()
  }

  readonly #onNeighbour = ({ detail }: CustomEvent<string>): void => {
    this.#planner.handleNeighbour(detail)
  }

  readonly #onMember = ({ detail }: CustomEvent<{ peerId: string }>): void => {
    this.#planner.handleMember(detail.peerId, monotonicNow())
  }

  readonly #onUpdated = ({ detail }: CustomEvent<{ member: { peerId: string } }>): void => {
    this.#planner.handleMember(detail.member.peerId, monotonicNow())
  }

  readonly #onLeft = ({ detail }: CustomEvent<{ member: { peerId: string } }>): void => {
    this.#planner.handleMemberLeft(detail.member.peerId)
  }

  #plan(): void {
    this.#planner.handleTimeout(monotonicNow())
    for (let dial = this.#planner.pollOutput(); dial !== undefined; dial = this.#planner.pollOutput()) {
      void this.#dial(dial)
    }
  }

  async #dial(dial: OverlayDial): Promise<void> {
    try {
      const { remotePeer } = await this.#open(dial)
      this.#planner.handleDialed(dial.target, remotePeer.toString(), monotonicNow())
      if (dial.kind === 'bootstrap') this.#entered.resolve(undefined)
    } catch (error) {
      this.#planner.handleDialed(dial.target, undefined, monotonicNow())
      if (this.#shutdown.signal.aborted) return
      if (dial.kind === 'bootstrap') this.#failures.set(dial.target, error)
      this.#log('no overlay connection to a %s', dial.kind)
      this.#log.trace('no overlay connection to %s - %e', dial.target, error)
    }
  }

  async #open({ kind, target }: OverlayDial): Promise<Connection> {
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
  }

  /** The addresses that the member announced, each with its peer ID: whoever else answers there is refused. */
  addressesOf(peerId: string): Multiaddr[] {
    const announced = this.#init.presence.get(peerId)?.addresses ?? []
    const target = `/p2p/${peerIdFromString(peerId).toString()}`
    const addresses = announced.flatMap((bytes) => {
      const address = decodeAddress(bytes)
      if (address === undefined) return []
      const named = peerIdOf(address)
      return named === undefined ? [address.encapsulate(target)] : named === peerId ? [address] : []
    })
    return addresses
  }
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
