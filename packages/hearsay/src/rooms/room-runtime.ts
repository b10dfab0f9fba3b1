import { comparePeerIds } from '@hearsay/signaling'
import { Broadcast } from '../broadcast/broadcast.ts'
import { Discovery } from '../discovery/discovery.ts'
import { SignalTopicGuard } from '../gossip/signal-topic-guard.ts'
import { Overlay } from '../overlay/overlay.ts'
import { Presence } from '../presence/presence.ts'
import { RoomWatch } from '../room-watch.ts'
import type { HearsayComponents } from '../components.ts'
import type { RoutingAccess } from '../discovery/routing-access.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { ResolvedHearsayOptions } from '../options.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { HearsayTransport } from '../transport/hearsay-transport.ts'
import type { Room } from '@hearsay/signaling'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface RoomRuntimeInit {
  readonly components: HearsayComponents
  readonly privateKey: Ed25519PrivateKey
  readonly room: Room
  readonly options: ResolvedHearsayOptions
  readonly bootstrap: readonly Multiaddr[]
  /** This process start, as signaling tells it. */
  readonly instance: Uint8Array
  /** Carries links over sessions, where the libp2p node has it. */
  readonly transport: HearsayTransport | undefined
  /** Where the room's members put themselves down, if anywhere. */
  readonly routing: RoutingAccess | undefined
  readonly metrics: MeshMetrics
  readonly sessions: () => SessionRegistry
  /** Whether a member without a session may speak to us. */
  readonly admit: (peerId: string) => Promise<boolean>
  /** Whether there are as many sessions as we look for. */
  readonly isFull: () => boolean
  /** We are connected to others, and nobody of them shares the room's key. */
  readonly onMismatch: () => void
}

/** What one room takes: who is in it, our place in its part of the overlay, and ways to find more of it. */
export class RoomRuntime {
  readonly room: Room
  readonly presence: Presence
  readonly overlay: Overlay
  readonly broadcast: Broadcast
  readonly #init: RoomRuntimeInit
  readonly #discovery: Discovery
  readonly #watch: RoomWatch

  constructor(init: RoomRuntimeInit) {
    this.#init = init
    this.room = init.room
    const { components, room, options, metrics } = init
    this.#watch = new RoomWatch(options.keyMismatchTimeoutMs, init.onMismatch)
    this.presence = new Presence({
      components,
      privateKey: init.privateKey,
      room,
      instance: init.instance,
      ttlMs: options.presenceTtlMs,
      maxMembers: options.maxMembers,
      isPassive: () => !options.autoConnect || init.isFull(),
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
      transport: init.transport,
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
      sessions: init.sessions,
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
      isMember: (peerId) => this.presence.get(peerId) !== undefined
    })
  }

  /** A connected peer speaks hearsay, in whatever room it is. */
  handleSpeaker(): void {
    this.#watch.handleConnected()
  }

  /** What the room's topic takes: before anything is subscribed. */
  guard(): void {
    const guard = new SignalTopicGuard({ isMember: (peerId) => this.presence.get(peerId) !== undefined })
    this.#init.components.pubsub.topicValidators.set(this.room.topic, guard.validate)
  }

  async start(): Promise<void> {
    await this.overlay.start()
    await this.presence.start()
    this.broadcast.start()
    await this.#discovery.start()
  }

  /** Says goodbye to the room. It rides on links, links on sessions: those end later. */
  async stop(): Promise<void> {
    this.#watch.stop()
    await this.#discovery.stop()
    this.broadcast.stop()
    await this.presence.stop()
    await this.overlay.stop()
  }

  /** After nothing is subscribed any more. */
  unguard(): void {
    this.#init.components.pubsub.topicValidators.delete(this.room.topic)
  }
}
