import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { platform } from '#platform'
import { monotonicNow } from '../alarm.ts'
import { withDeadline } from '../deadline.ts'
import { Directory } from './directory.ts'
import { FoundPeers } from './found-peers.ts'
import { LocalNetwork } from './local-network.ts'
import { providerKeyOf, serviceTypeOf } from './room-names.ts'
import { RoundPlanner } from './round-planner.ts'
import type { HearsayComponents } from '../components.ts'
import type { FoundPeer } from './found-peers.ts'
import type { RoomView, Round } from './round-planner.ts'
import type { RoutingAccess } from './routing-access.ts'
import type { Room } from '@hearsay/signaling'
import type { Logger } from '@libp2p/interface'

export interface DiscoveryInit {
  readonly components: HearsayComponents
  readonly room: Room
  /** Where the room's members put themselves down, if anywhere. */
  readonly routing: RoutingAccess | undefined
  readonly mdns: boolean
  /** What presence and overlay know of the room now. */
  readonly view: () => RoomView
  /** Whether presence knows that member. */
  readonly isMember: (peerId: string) => boolean
}

/** How often it is looked at whether there is something to do; looking costs microseconds. */
const TICK_MS = 250

/** Dialing a member that was found takes no longer. */
const DIAL_TIMEOUT_MS = 10_000

/**
 * Finds members when no address of one is known: by provider records in a DHT, by mDNS on the local network. It only
 * connects to them; who they are, and that they are in the room at all, shows afterwards.
 */
export class Discovery {
  readonly #init: DiscoveryInit
  readonly #log: Logger
  readonly #shutdown = new AbortController()
  readonly #found = new FoundPeers(Math.random)
  readonly #directory: Directory | undefined
  readonly #localNetwork: LocalNetwork | undefined
  /** Absent where there is no directory. */
  #rounds: RoundPlanner | undefined
  #tick: ReturnType<typeof setInterval> | undefined

  constructor(init: DiscoveryInit) {
    this.#init = init
    const { components, room, routing, mdns } = init
    this.#log = components.logger.forComponent('hearsay:discovery')
    if (routing !== undefined) {
      const { signal } = this.#shutdown
      this.#directory = new Directory({
        components,
        key: providerKeyOf(room),
        routing,
        log: this.#log,
        signal
      })
      this.#rounds = new RoundPlanner(Math.random)
    }
    if (mdns && platform.mdns !== undefined) {
      this.#localNetwork = new LocalNetwork(components, platform.mdns, serviceTypeOf(room), (peer) => {
        this.#handleFound(peer)
      })
    }
  }

  async start(): Promise<void> {
    const hasWork = this.#rounds !== undefined || this.#localNetwork !== undefined
    if (this.#tick !== undefined || !hasWork) return
    this.#tick = setInterval(() => {
      this.#work()
    }, TICK_MS)
    this.#work()
    await this.#localNetwork?.start()
  }

  async stop(): Promise<void> {
    clearInterval(this.#tick)
    this.#tick = undefined
    this.#shutdown.abort()
    await this.#localNetwork?.stop()
  }

  #work(): void {
    const round = this.#rounds?.poll(this.#init.view(), monotonicNow())
    if (round !== undefined && this.#directory !== undefined) void this.#go(this.#directory, round)
    for (let peer = this.#next(); peer !== undefined; peer = this.#next()) void this.#dial(peer)
  }

  async #go(directory: Directory, round: Round): Promise<void> {
    try {
      const result =
        round === 'seek'
          ? await directory.seek((peer) => {
              this.#handleFound(peer)
            })
          : await directory.provide()
      this.#rounds?.handleDone(result, monotonicNow())
    } catch {
      this.#log('the libp2p node has no content routing')
      this.#rounds = undefined
      if (this.#localNetwork === undefined) clearInterval(this.#tick)
    }
  }

  #handleFound(peer: FoundPeer): void {
    this.#found.handleFound(peer)
    if (this.#tick !== undefined) this.#work()
  }

  #next(): FoundPeer | undefined {
    return this.#found.poll((peerId) => this.#isNeeded(peerId), monotonicNow())
  }

  #isNeeded(peerId: string): boolean {
    const { components, isMember } = this.#init
    if (isMember(peerId) || peerId === components.peerId.toString()) return false
    return components.connectionManager.getConnections(peerIdFromString(peerId)).length === 0
  }

  async #dial({ peerId, addresses }: FoundPeer): Promise<void> {
    try {
      await withDeadline(DIAL_TIMEOUT_MS, this.#shutdown.signal, (signal) =>
        this.#init.components.connectionManager.openConnection(
          addresses.map((address) => multiaddr(address)),
          { signal }
        )
      )
      this.#log('connected to %s, which was found', peerId)
      this.#found.handleDialed(peerId, true, monotonicNow())
    } catch (error) {
      this.#found.handleDialed(peerId, false, monotonicNow())
      if (!this.#shutdown.signal.aborted) this.#log.trace('cannot reach %s - %e', peerId, error)
    }
  }
}
