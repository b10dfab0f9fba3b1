import {
  comparePeerIds,
  createSignaler,
  DirectStreamPath,
  GossipTopicPath,
  SessionChannelPath,
  SIGNAL_PROTOCOL
} from '@hearsay/signaling'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_ENVELOPE_BYTES } from './constants.ts'
import { HandlerFailedError, reasonOf } from './errors.ts'
import { Introductions } from './introductions/introductions.ts'
import { Discovery } from './discovery/discovery.ts'
import { Overlay } from './overlay/overlay.ts'
import { Presence } from './presence/presence.ts'
import { PASSIVE_SERVICE } from './presence/presence-record.ts'
import { RoomWatch } from './room-watch.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import { findHearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayComponents } from './components.ts'
import type { RoutingAccess } from './discovery/routing-access.ts'
import type { MeshEvents, MeshMember } from './mesh.ts'
import type { MeshMetrics } from './metrics.ts'
import type { MeshPeer } from './mesh-peer.ts'
import type { ResolvedHearsayOptions } from './options.ts'
import type { Member } from './presence/presence-table.ts'
import type { MemberTraits } from './sessions/dial-schedule.ts'
import type { Room, SignalerService } from '@hearsay/signaling'
import type { Message } from '@libp2p/gossipsub'
import type { Ed25519PrivateKey, Logger, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TypedEventEmitter } from 'main-event'

export interface MeshRuntimeInit {
  readonly components: HearsayComponents
  readonly privateKey: Ed25519PrivateKey
  readonly room: Room
  readonly options: ResolvedHearsayOptions
  readonly bootstrap: readonly Multiaddr[]
  /** When this process started with its identity, in milliseconds. @default now */
  readonly startTimeMs: number | undefined
  /** Where the room's members put themselves down, if anywhere. */
  readonly routing: RoutingAccess | undefined
  readonly metrics: MeshMetrics
  readonly log: Logger
  /** Where the mesh's events are told. */
  readonly events: TypedEventEmitter<MeshEvents>
  /** Called with each new peer before anything of it can arrive: the place for handlers. */
  readonly prepare: (peer: MeshPeer) => void
  /** A newer process uses our identity. */
  readonly onSuperseded: () => void
}

/** All that runs between start and stop of a mesh, and how its parts hear of each other. */
export class MeshRuntime {
  readonly presence: Presence
  readonly overlay: Overlay
  readonly sessions: SessionRegistry
  readonly #discovery: Discovery
  readonly #introductions: Introductions
  readonly #init: MeshRuntimeInit
  readonly #signaler: SignalerService
  readonly #watch: RoomWatch
  readonly #transport: HearsayTransport | undefined
  #topology: string | undefined
  #receiveEnvelope: ((peerId: string, envelope: Uint8Array) => void) | undefined

  constructor(init: MeshRuntimeInit) {
    this.#init = init
    const { components, options, bootstrap } = init
    this.#watch = this.#createWatch()
    this.#introductions = new Introductions({
      components,
      topic: init.room.topic,
      presence: () => this.presence,
      overlay: () => this.overlay,
      introducers: options.introducers
    })
    this.#signaler = this.#createSignaler()
    this.presence = this.#createPresence()
    this.#transport = findHearsayTransport(components.transportManager.getTransports())
    this.overlay = new Overlay({
      components,
      transport: this.#transport,
      compare: comparePeerIds,
      presence: this.presence,
      bootstrap,
      degree: options.overlayDegree
    })
    this.sessions = this.#createSessions()
    this.#discovery = this.#createDiscovery()
  }

  /** Resolves once a bootstrap address answered; never where none does. */
  get entered(): Promise<undefined> {
    const { bootstrap, routing } = this.#init
    if (routing === undefined || routing.entries.size === 0) return this.overlay.entered
    const { entered } = routing.entries
    return bootstrap.length === 0 ? entered : Promise.race([this.overlay.entered, entered])
  }

  /** Why each bootstrap address that failed did so the last time. */
  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return new Map([...this.overlay.bootstrapFailures, ...(this.#init.routing?.entries.failures ?? [])])
  }

  async start(): Promise<void> {
    const { components, room } = this.#init
    components.pubsub.topicValidators.set(room.topic, limitSize)
    await this.#introductions.start()
    await this.#signaler.start()
    this.#topology = await components.registrar.register(SIGNAL_PROTOCOL, {
      onConnect: () => {
        this.#watch.handleConnected()
      }
    })
    this.#transport?.attach({
      open: (peerId, label) => this.sessions.openChannel(peerId, label, { codec: 'bytes', priority: 'high' })
    })
    this.sessions.start()
    await this.overlay.start()
    await this.presence.start()
    await this.#discovery.start()
  }

  /** Says goodbye to everybody and leaves nothing behind; `signal` cuts the farewell short. */
  async stop(signal?: AbortSignal): Promise<void> {
    const { components, room } = this.#init
    this.#watch.stop()
    await this.#discovery.stop()
    if (this.#topology !== undefined) components.registrar.unregister(this.#topology)
    // The goodbye rides on links, links on sessions.
    await this.presence.stop()
    await this.overlay.stop()
    this.#transport?.attach(undefined)
    await this.sessions.close(signal === undefined ? {} : { signal })
    await this.#signaler.stop()
    await this.#introductions.stop()
    components.pubsub.topicValidators.delete(room.topic)
  }

  #createWatch(): RoomWatch {
    const { options, log, metrics, events, room } = this.#init
    return new RoomWatch(options.keyMismatchTimeoutMs, () => {
      log('nobody here shares the key of our room')
      metrics.keyMismatch()
      events.safeDispatchEvent('room:key-mismatch', { detail: { room: room.name } })
    })
  }

  #createSignaler(): SignalerService {
    const { components, privateKey, room, metrics, startTimeMs, onSuperseded } = this.#init
    const signaler = createSignaler({
      privateKey: privateKey.raw,
      rooms: [room],
      paths: [
        this.#createSessionPath(),
        new DirectStreamPath(components),
        this.#introductions.path,
        new GossipTopicPath(components, { topic: room.topic, localPeer: components.peerId.toString() })
      ],
      admit: async (peerId) => {
        const isAdmitted = await this.#admit(peerId)
        if (!isAdmitted) metrics.refusal('not-admitted')
        return isAdmitted
      },
      evidenceOf: (peerId) => this.presence.sealedRecordOf(peerId),
      ...(startTimeMs !== undefined && { startTimeMs }),
      logger: components.logger,
      ...(components.metrics !== undefined && { metrics: components.metrics })
    })
    signaler.addEventListener('superseded', onSuperseded)
    signaler.addEventListener('evidence', ({ detail: { remotePeer, evidence } }) => {
      this.presence.receive(evidence, remotePeer).catch((error: unknown) => {
        this.#report(error)
      })
    })
    return signaler
  }

  /** The sessions come after the signaler, which needs them only once they are up. */
  #createSessionPath(): SessionChannelPath {
    return new SessionChannelPath({
      reaches: (peerId) => this.sessions.carries(peerId),
      send: (peerId, envelope) => this.sessions.carry(peerId, envelope),
      setReceiver: (receive) => {
        this.#receiveEnvelope = receive
      }
    })
  }

  #createPresence(): Presence {
    const { components, privateKey, room, options, metrics, events } = this.#init
    const presence = new Presence({
      components,
      privateKey,
      room,
      instance: this.#signaler.instance,
      ttlMs: options.presenceTtlMs,
      maxMembers: options.maxMembers,
      isPassive: !options.autoConnect,
      metrics
    })
    presence.addEventListener('neighbour', () => {
      this.#introductions.refresh()
    })
    presence.addEventListener('discovered', ({ detail: member }) => {
      this.#watch.stop()
      this.#signaler.observeInstance(member.peerId, member.instance)
      events.safeDispatchEvent('member:discovered', { detail: memberOf(member) })
      this.#introductions.refresh()
      this.sessions.handleMember(member.peerId, this.#traitsOf(member))
    })
    presence.addEventListener('updated', ({ detail: { member, restarted } }) => {
      this.sessions.handleMember(member.peerId, this.#traitsOf(member))
      if (!restarted) return
      this.#signaler.observeInstance(member.peerId, member.instance)
      this.sessions.handleMemberRestarted(member.peerId)
    })
    presence.addEventListener('left', ({ detail: { member, reason } }) => {
      events.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason } })
      this.sessions.handleMemberLeft(member.peerId)
    })
    presence.addEventListener('superseded', ({ detail: instance }) => {
      this.#signaler.observeInstance(components.peerId.toString(), instance)
    })
    return presence
  }

  #traitsOf({ peerId, services }: Member): MemberTraits {
    return {
      isPassive: services.includes(PASSIVE_SERVICE),
      isReachable: this.#introductions.isReachable(peerId)
    }
  }

  #createSessions(): SessionRegistry {
    const { options, metrics, components, events, prepare } = this.#init
    const sessions = new SessionRegistry({
      signaler: this.#signaler,
      compare: comparePeerIds,
      options,
      metrics,
      log: components.logger.forComponent('hearsay:session'),
      admit: (peerId) => this.#admit(peerId),
      prepare,
      worth: (peerId) => this.overlay.worthOf(peerId),
      acceptChannel: (peerId, channel) => this.overlay.handleChannel(peerId, channel),
      receiveEnvelope: (peerId, envelope) => this.#receiveEnvelope?.(peerId, envelope)
    })
    sessions.addEventListener('connected', ({ detail }) => {
      events.safeDispatchEvent('peer:connected', { detail })
    })
    sessions.addEventListener('disconnected', ({ detail }) => {
      events.safeDispatchEvent('peer:disconnected', { detail })
    })
    sessions.addEventListener('usable', ({ detail: { peerId, isUsable } }) => {
      this.overlay.handleSession(peerId, isUsable)
    })
    sessions.addEventListener('handler:error', ({ detail }) => {
      this.#report(new HandlerFailedError(detail.type, detail.peerId, detail.error))
    })
    return sessions
  }

  #createDiscovery(): Discovery {
    const { components, room, options, routing } = this.#init
    return new Discovery({
      components,
      room,
      routing,
      mdns: options.mdns,
      view: () => ({ neighbours: this.overlay.neighbours, members: this.presence.size }),
      isMember: (peerId) => this.presence.get(peerId) !== undefined
    })
  }

  async #admit(peerId: string): Promise<boolean> {
    const { options, room } = this.#init
    if (options.admit === undefined) return true
    try {
      return await options.admit(peerId, { rooms: [room.name] })
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  #report(error: unknown): void {
    this.#init.log.error('%e', error)
    this.#init.events.safeDispatchEvent('error', {
      detail: error instanceof Error ? error : new Error(reasonOf(error))
    })
  }
}

/** Everybody on the topic pays for what is passed on: nothing that no envelope can be. */
function limitSize(_neighbour: PeerId, { data }: Message): TopicValidatorResult {
  return data.length > MAX_ENVELOPE_BYTES ? TopicValidatorResult.Reject : TopicValidatorResult.Accept
}

/** What the application learns of a member. */
export function memberOf({ peerId, addresses, services }: Member): MeshMember {
  return { peerId, services, addresses: addresses.flatMap((bytes) => addressText(bytes, peerId)) }
}

/** With the peer ID at its end, which records leave out. */
function addressText(bytes: Uint8Array, peerId: string): string[] {
  try {
    const address = multiaddr(bytes).toString()
    return [address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`]
  } catch {
    return []
  }
}
