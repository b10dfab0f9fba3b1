import {
  comparePeerIds,
  createSignaler,
  DirectStreamPath,
  GossipTopicPath,
  SessionChannelPath,
  SIGNAL_PROTOCOL
} from '@hearsay/signaling'
import { HandlerFailedError, reasonOf } from './errors.ts'
import { Introductions } from './introductions/introductions.ts'
import { memberOf } from './mesh-member.ts'
import { PASSIVE_SERVICE } from './presence/presence-record.ts'
import { RoomRuntime } from './rooms/room-runtime.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import { findHearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayComponents } from './components.ts'
import type { RoutingAccess } from './discovery/routing-access.ts'
import type { MeshEvents } from './mesh.ts'
import type { MeshMetrics } from './metrics.ts'
import type { MeshPeer } from './mesh-peer.ts'
import type { ResolvedHearsayOptions } from './options.ts'
import type { Member } from './presence/presence-table.ts'
import type { MemberTraits } from './sessions/dial-schedule.ts'
import type { Room, SignalerService } from '@hearsay/signaling'
import type { Ed25519PrivateKey, Logger } from '@libp2p/interface'
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

/** All that runs between start and stop of a mesh: what is the node's, its room, and how they hear of each other. */
export class MeshRuntime {
  readonly room: RoomRuntime
  readonly sessions: SessionRegistry
  readonly #introductions: Introductions
  readonly #init: MeshRuntimeInit
  readonly #signaler: SignalerService
  readonly #transport: HearsayTransport | undefined
  #topology: string | undefined
  #receiveEnvelope: ((peerId: string, envelope: Uint8Array) => void) | undefined

  constructor(init: MeshRuntimeInit) {
    this.#init = init
    const { components, options } = init
    this.#introductions = new Introductions({
      components,
      topic: init.room.topic,
      presence: () => this.room.presence,
      overlay: () => this.room.overlay,
      introducers: options.introducers
    })
    this.#signaler = this.#createSignaler()
    this.#transport = findHearsayTransport(components.transportManager.getTransports())
    this.room = this.#createRoom()
    this.sessions = this.#createSessions()
  }

  /** Resolves once a bootstrap address answered; never where none does. */
  get entered(): Promise<undefined> {
    const { bootstrap, routing } = this.#init
    if (routing === undefined || routing.entries.size === 0) return this.room.overlay.entered
    const { entered } = routing.entries
    return bootstrap.length === 0 ? entered : Promise.race([this.room.overlay.entered, entered])
  }

  /** Why each bootstrap address that failed did so the last time. */
  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return new Map([...this.room.overlay.bootstrapFailures, ...(this.#init.routing?.entries.failures ?? [])])
  }

  /** Those heard of and not lost. */
  get members(): Member[] {
    return this.room.presence.members().filter(({ peerId }) => !this.sessions.isLost(peerId))
  }

  async start(): Promise<void> {
    const { components } = this.#init
    this.room.guard()
    await this.#introductions.start()
    await this.#signaler.start()
    this.#topology = await components.registrar.register(SIGNAL_PROTOCOL, {
      onConnect: () => {
        this.room.handleSpeaker()
      }
    })
    this.#transport?.attach({
      open: (peerId, label) => this.sessions.openChannel(peerId, label, { codec: 'bytes', priority: 'high' })
    })
    this.sessions.start()
    await this.room.start()
  }

  /** Says goodbye to everybody and leaves nothing behind; `signal` cuts the farewell short. */
  async stop(signal?: AbortSignal): Promise<void> {
    const { components, routing } = this.#init
    if (this.#topology !== undefined) components.registrar.unregister(this.#topology)
    await Promise.all([this.room.stop(), routing?.stop()])
    this.#transport?.attach(undefined)
    await this.sessions.close(signal === undefined ? {} : { signal })
    await this.#signaler.stop()
    await this.#introductions.stop()
    this.room.unguard()
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
      evidenceOf: (peerId) => this.room.presence.sealedRecordOf(peerId),
      ...(startTimeMs !== undefined && { startTimeMs }),
      logger: components.logger,
      ...(components.metrics !== undefined && { metrics: components.metrics })
    })
    signaler.addEventListener('superseded', onSuperseded)
    signaler.addEventListener('evidence', ({ detail: { remotePeer, evidence } }) => {
      this.room.presence.receive(evidence, remotePeer).catch((error: unknown) => {
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

  #createRoom(): RoomRuntime {
    const { components, privateKey, room, options, bootstrap, routing, metrics, log, events } = this.#init
    const runtime = new RoomRuntime({
      components,
      privateKey,
      room,
      options,
      bootstrap,
      instance: this.#signaler.instance,
      transport: this.#transport,
      routing,
      metrics,
      sessions: () => this.sessions,
      admit: (peerId) => this.#admit(peerId),
      isFull: () => this.sessions.isFull,
      onMismatch: () => {
        log('nobody here shares the key of our room')
        metrics.keyMismatch()
        events.safeDispatchEvent('room:key-mismatch', { detail: { room: room.name } })
      }
    })
    this.#follow(runtime)
    return runtime
  }

  #follow({ presence }: RoomRuntime): void {
    const { components, events } = this.#init
    presence.addEventListener('neighbour', ({ detail: peerId }) => {
      this.#introductions.refresh()
      this.sessions.handleHeard(peerId)
    })
    presence.addEventListener('discovered', ({ detail: member }) => {
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
      // Of a lost one that has been told.
      if (!this.sessions.isLost(member.peerId)) {
        events.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason } })
      }
      this.sessions.handleMemberLeft(member.peerId)
    })
    presence.addEventListener('superseded', ({ detail: instance }) => {
      this.#signaler.observeInstance(components.peerId.toString(), instance)
    })
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
      worth: (peerId) => this.room.overlay.worthOf(peerId),
      acceptBroadcast: (...copy) => this.room.broadcast.acceptCopy(...copy),
      acceptChannel: (peerId, channel) => this.room.overlay.handleChannel(peerId, channel),
      receiveEnvelope: (peerId, envelope) => this.#receiveEnvelope?.(peerId, envelope)
    })
    sessions.addEventListener('connected', ({ detail }) => {
      events.safeDispatchEvent('peer:connected', { detail })
    })
    sessions.addEventListener('disconnected', ({ detail }) => {
      events.safeDispatchEvent('peer:disconnected', { detail })
    })
    sessions.addEventListener('usable', ({ detail: { peerId, isUsable } }) => {
      this.room.overlay.handleSession(peerId, isUsable)
      this.room.broadcast.handleSession(peerId, isUsable)
    })
    sessions.addEventListener('lost', ({ detail: peerId }) => {
      const member = this.room.presence.get(peerId)
      if (member === undefined) return
      events.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason: 'lost' } })
    })
    sessions.addEventListener('found', ({ detail: peerId }) => {
      const member = this.room.presence.get(peerId)
      if (member !== undefined) events.safeDispatchEvent('member:discovered', { detail: memberOf(member) })
    })
    sessions.addEventListener('handler:error', ({ detail }) => {
      this.#report(new HandlerFailedError(detail.type, detail.peerId, detail.error))
    })
    return sessions
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
