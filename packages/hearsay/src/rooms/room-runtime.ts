import { comparePeerIds } from '@hearsay/signaling'
import { TypedEventEmitter } from 'main-event'
import { Broadcast } from '../broadcast/broadcast.ts'
import { Discovery } from '../discovery/discovery.ts'
import { SignalTopicGuard } from '../gossip/signal-topic-guard.ts'
import { Overlay } from '../overlay/overlay.ts'
import { Presence } from '../presence/presence.ts'
import { RoomWatch } from '../room-watch.ts'
import { runAll } from '../run-all.ts'
import type { HearsayComponents } from '../components.ts'
import type { RoutingAccess } from '../discovery/routing-access.ts'
import type { MeshRoomEvents } from '../mesh.ts'
import type { MeshPeer } from '../mesh-peer.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { ResolvedHearsayOptions } from '../options.ts'
import type { OverlayLinks } from '../overlay/overlay-links.ts'
import type { PresenceDoor } from '../presence/presence-door.ts'
import type { Member } from '../presence/presence-table.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { RoomTopics } from './room-topics.ts'
import type { Room } from '@hearsay/signaling'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What the rooms of a mesh share: it is the node's. */
export interface RoomHost {
  readonly components: HearsayComponents
  readonly privateKey: Ed25519PrivateKey
  readonly options: ResolvedHearsayOptions
  /** This process start, as signaling tells it. */
  readonly instance: Uint8Array
  readonly links: OverlayLinks
  readonly door: PresenceDoor
  readonly topics: RoomTopics
  /** Where members put themselves down, if anywhere. */
  readonly routing: RoutingAccess | undefined
  readonly metrics: MeshMetrics
  readonly sessions: SessionRegistry
  /** The counter of a broadcast of ours: rooms share sessions, so they share counters. */
  readonly nextCounter: () => number
}

export interface RoomRuntimeInit extends RoomHost {
  readonly room: Room
  readonly bootstrap: readonly Multiaddr[]
  /** The last sequence that this process has said in the room; 0 where it was not in it before. */
  readonly sequence: number
  /** Counter of our last broadcast before we came into the room again; 0 where we were not in it before. */
  readonly settled: number
  /** The overlays of our other rooms. */
  readonly others: () => Iterable<Overlay>
  /** Whether a member without a session may speak to us. */
  readonly admit: (peerId: string) => Promise<boolean>
}

/**
 * What one room takes: who is in it, our place in its part of the overlay, ways to find more of it. Sessions, links and
 * signaling are the node's, and serve all rooms.
 */
export class RoomRuntime extends TypedEventEmitter<MeshRoomEvents> {
  readonly room: Room
  readonly presence: Presence
  readonly overlay: Overlay
  readonly broadcast: Broadcast
  readonly #init: RoomRuntimeInit
  readonly #discovery: Discovery
  readonly #watch: RoomWatch
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(init: RoomRuntimeInit) {
    super()
    this.#init = init
    this.room = init.room
    const { components, room, options, metrics } = init
    this.#watch = new RoomWatch(options.keyMismatchTimeoutMs, () => {
      metrics.keyMismatch()
      this.safeDispatchEvent('room:key-mismatch', { detail: { room: room.name } })
    })
    this.presence = new Presence({
      components,
      privateKey: init.privateKey,
      door: init.door,
      room,
      instance: init.instance,
      sequence: init.sequence,
      settled: init.settled,
      ttlMs: options.presenceTtlMs,
      maxMembers: options.maxMembers,
      isPassive: () => !options.autoConnect || init.sessions.isFull,
      metrics
    })
    this.presence.addEventListener('discovered', ({ detail: { peerId } }) => {
      this.#watch.stop()
      this.broadcast.handleMember(peerId)
    })
    this.presence.addEventListener('updated', ({ detail: { member } }) => {
      this.broadcast.handleMember(member.peerId)
    })
    this.presence.addEventListener('left', ({ detail: { member } }) => {
      this.broadcast.handleLeft(member)
    })
    this.overlay = new Overlay({
      components,
      links: init.links,
      others: init.others,
      compare: comparePeerIds,
      presence: this.presence,
      bootstrap: init.bootstrap,
      degree: options.overlayDegree
    })
    this.broadcast = new Broadcast({
      components,
      privateKey: init.privateKey,
      room,
      instance: init.instance,
      channels: options.channels,
      presence: this.presence,
      sessions: () => this,
      nextCounter: init.nextCounter,
      maxMembers: options.maxMembers,
      admit: init.admit,
      floods: options.admit === undefined,
      metrics
    })
    this.#discovery = new Discovery({
      components,
      room,
      routing: init.routing,
      mdns: options.mdns,
      view: () => ({ neighbours: this.overlay.neighbours, members: this.presence.size }),
      isMember: (peerId) => this.has(peerId)
    })
  }

  /** We are leaving it, or have left. */
  get isStopped(): boolean {
    return this.#stopping !== undefined
  }

  /** Whether that peer is in the room, as far as presence tells. */
  has(peerId: string): boolean {
    return this.presence.get(peerId) !== undefined
  }

  /** Those heard of and not lost. */
  get members(): Member[] {
    return this.presence.members().filter(({ peerId }) => !this.#init.sessions.isLost(peerId))
  }

  /** Connected peers that have proven to be in the room. */
  get peers(): MeshPeer[] {
    return this.#init.sessions.peers.filter(({ peerId }) => this.isShared(peerId))
  }

  /** The connected peer of that ID, if it has proven to be in the room. */
  peer(peerId: string): MeshPeer | undefined {
    return this.isShared(peerId) ? this.#init.sessions.peer(peerId) : undefined
  }

  /** Whether a peer with a session has proven to be in the room. */
  isShared(peerId: string): boolean {
    return this.#init.sessions.roomsWith(peerId).has(this.room)
  }

  sendBroadcast(...copy: Parameters<SessionRegistry['sendBroadcast']>): Promise<void> {
    return this.#init.sessions.sendBroadcast(...copy)
  }

  /** Members that answer nobody, of any room. */
  get lost(): ReadonlySet<string> {
    return this.#init.sessions.lost
  }

  bytesSentTo(peerId: string): number {
    return this.#init.sessions.bytesSentTo(peerId)
  }

  /** A session with a peer that is in the room came up, or turned out to be in it; or it is silent or over. */
  handleSession(peerId: string, isUsable: boolean): void {
    this.overlay.handleSession(peerId, isUsable)
    this.broadcast.handleSession(peerId, isUsable)
  }

  /** A member has said goodbye to the room; sessions and links with it may stand for others. */
  handleDeparted(peerId: string): void {
    this.overlay.handleDeparted(peerId)
    this.broadcast.handleSession(peerId, false)
  }

  /** A connected peer speaks hearsay, in whatever room it is. */
  handleSpeaker(): void {
    this.#watch.handleConnected()
  }

  /** Takes the room's topic into use: what comes for us comes from here on. */
  async open(): Promise<void> {
    const { components, topics } = this.#init
    const guard = new SignalTopicGuard({ isMember: (peerId) => this.has(peerId) })
    components.pubsub.topicValidators.set(this.room.topic, guard.validate)
    await topics.add(this.room, (peerId) => this.has(peerId))
  }

  /** Says who we are. Does nothing where it was stopped before. */
  async start(): Promise<void> {
    if (this.isStopped) return
    this.#starting = this.#start()
    await this.#starting
  }

  /** Says goodbye to the room, and stops to look for it. The goodbye rides on links, links on sessions: those end later. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async close(): Promise<void> {
    const { components, topics } = this.#init
    await topics.remove(this.room)
    components.pubsub.topicValidators.delete(this.room.topic)
  }

  async #start(): Promise<void> {
    this.overlay.start()
    await this.presence.start()
    this.broadcast.start()
    await this.#discovery.start()
  }

  async #stop(): Promise<void> {
    this.#watch.stop()
    // What is half started cannot be stopped.
    await this.#starting?.catch(() => undefined)
    await runAll([
      () => this.#discovery.stop(),
      () => this.broadcast.stop(),
      () => this.presence.stop(),
      () => this.overlay.stop()
    ])
  }
}
