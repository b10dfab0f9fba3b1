import {
  comparePeerIds,
  createSignaler,
  DirectStreamPath,
  SessionChannelPath,
  SIGNAL_PROTOCOL
} from '@hearsay/signaling'
import { askAdmit } from './admission.ts'
import { HandlerFailedError, MeshClosedError, reasonOf, RoomJoinedError, RoomLimitError } from './errors.ts'
import { Introductions } from './introductions/introductions.ts'
import { memberOf } from './mesh-member.ts'
import { OverlayLinks } from './overlay/overlay-links.ts'
import { PresenceDoor } from './presence/presence-door.ts'
import { PASSIVE_SERVICE } from './presence/presence-record.ts'
import { RoomRuntime } from './rooms/room-runtime.ts'
import { RoomTopics } from './rooms/room-topics.ts'
import { runAll, waitForAll } from './run-all.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import { findHearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayTransport } from './transport/hearsay-transport.ts'
import type { HearsayComponents } from './components.ts'
import type { RoutingAccess } from './discovery/routing-access.ts'
import type { MeshEvents } from './mesh.ts'
import type { MeshMetrics } from './metrics.ts'
import type { MeshPeer } from './mesh-peer.ts'
import type { ResolvedHearsayOptions } from './options.ts'
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
  /** Where members put themselves down, if anywhere. */
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

/**
 * Rooms at once. Each costs a record in presence, three introducers and some links; and every neighbour may have a
 * stream open for each.
 */
const MAX_ROOMS = 16

/** All that runs between start and stop of a mesh: what is the node's, its rooms, and how they hear of each other. */
export class MeshRuntime {
  /** The mesh's own. */
  readonly room: RoomRuntime
  readonly sessions: SessionRegistry
  readonly #init: MeshRuntimeInit
  /** By topic, the mesh's own first, and those that we are leaving. */
  readonly #rooms = new Map<string, RoomRuntime>()
  /** What was said in rooms that we have left, by topic: the application's own doing bounds it. */
  readonly #sequences = new Map<string, number>()
  readonly #topics: RoomTopics
  readonly #introductions: Introductions
  readonly #signaler: SignalerService
  readonly #transport: HearsayTransport | undefined
  readonly #links: OverlayLinks
  readonly #door: PresenceDoor
  /** Connected peers that speak hearsay. */
  readonly #speakers = new Set<string>()
  /** Rooms that we are leaving. */
  readonly #leaving = new Map<RoomRuntime, Promise<void>>()
  readonly #shutdown = new AbortController()
  #topology: string | undefined
  /** What we have broadcast, in all rooms. */
  #broadcasts = 0
  #receiveEnvelope: ((peerId: string, envelope: Uint8Array) => void) | undefined

  constructor(init: MeshRuntimeInit) {
    this.#init = init
    const { components, options } = init
    this.#topics = new RoomTopics(components, components.peerId.toString())
    this.#introductions = new Introductions({
      components,
      rooms: () => this.#all,
      introducers: options.introducers
    })
    this.#signaler = this.#createSignaler()
    this.#transport = findHearsayTransport(components.transportManager.getTransports())
    this.#links = new OverlayLinks({
      components,
      transport: this.#transport,
      takes: (peerId) => this.#sharedWith(peerId).some(({ overlay }) => overlay.takesLink(peerId)),
      neighbours: () => this.#all.flatMap(({ overlay }) => [...overlay.neighbourIds])
    })
    this.#door = new PresenceDoor(components, MAX_ROOMS)
    this.sessions = this.#createSessions()
    this.room = this.#createRoom(init.room, init.bootstrap)
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

  /** Aborted when the mesh stops. */
  get stopped(): AbortSignal {
    return this.#shutdown.signal
  }

  /** Members known in any room. */
  get memberCount(): number {
    return this.#all.reduce((count, { members }) => count + members.length, 0)
  }

  /** Connected members, of any room, that pass on what we say. */
  get neighbourCount(): number {
    return new Set(this.#all.flatMap(({ overlay }) => [...overlay.neighbourIds])).size
  }

  async start(): Promise<void> {
    const { components } = this.#init
    await this.room.open()
    await this.#introductions.start()
    await this.#signaler.start()
    this.#topology = await components.registrar.register(SIGNAL_PROTOCOL, {
      onConnect: (peerId) => {
        this.#speakers.add(peerId.toString())
        for (const room of this.#all) room.handleSpeaker()
      },
      onDisconnect: (peerId) => {
        this.#speakers.delete(peerId.toString())
      }
    })
    this.#transport?.attach({
      open: (peerId, label) => this.sessions.openChannel(peerId, label, { codec: 'bytes', priority: 'high' })
    })
    this.sessions.start()
    await this.#links.start()
    await this.#door.start()
    await this.room.start()
  }

  /**
   * Says goodbye to everybody and leaves nothing behind; `signal` cuts the farewell short. What fails keeps nothing else
   * from its end, and is thrown when all is done.
   */
  async stop(signal?: AbortSignal): Promise<void> {
    this.#shutdown.abort(new MeshClosedError())
    const { components, routing } = this.#init
    await runAll([
      () => {
        if (this.#topology !== undefined) components.registrar.unregister(this.#topology)
      },
      // The goodbyes ride on links, links on sessions.
      () => waitForAll([...this.#all.map((room) => room.stop()), ...this.#leaving.values(), routing?.stop()]),
      () => this.#door.stop(),
      () => this.#links.stop(),
      () => this.#transport?.attach(undefined),
      () => this.sessions.close(signal === undefined ? {} : { signal }),
      () => this.#signaler.stop(),
      () => this.#introductions.stop(),
      () => waitForAll([...this.#rooms.values()].map((room) => room.close()))
    ])
  }

  /**
   * Joins another room over the same node.
   *
   * @throws {MeshClosedError} the mesh is closed, or was meanwhile
   * @throws {RoomJoinedError} we are in it
   * @throws {RoomLimitError} we are in too many
   */
  async join(room: Room, bootstrap: readonly Multiaddr[]): Promise<RoomRuntime> {
    this.stopped.throwIfAborted()
    if (this.#rooms.has(room.topic)) throw new RoomJoinedError(room.name)
    if (this.#rooms.size >= MAX_ROOMS) throw new RoomLimitError(MAX_ROOMS)
    const runtime = this.#createRoom(room, bootstrap)
    try {
      await runtime.open()
      this.#signaler.addRoom(room)
      this.#introductions.refresh()
      await runtime.start()
    } catch (error) {
      await this.leave(runtime)
      throw error
    }
    if (runtime.isStopped) throw new MeshClosedError()
    if (this.#speakers.size > 0) runtime.handleSpeaker()
    return runtime
  }

  /**
   * Ends what is the room's: tells its members, and closes sessions and links to those who share no other with us. Not
   * for the mesh's own. Idempotent.
   */
  leave(runtime: RoomRuntime): Promise<void> {
    const before = this.#leaving.get(runtime)
    if (before !== undefined) return before
    const leaving = this.#leave(runtime).finally(() => this.#leaving.delete(runtime))
    this.#leaving.set(runtime, leaving)
    return leaving
  }

  async #leave(runtime: RoomRuntime): Promise<void> {
    if (this.#rooms.get(runtime.room.topic) !== runtime) return
    const { room, presence, overlay } = runtime
    const neighbours = [...overlay.neighbourIds]
    // Before the goodbye: a proof of ours that comes after it would undo it.
    this.#signaler.removeRoom(room)
    await runtime.stop()
    if (this.stopped.aborted) return
    this.#sequences.set(room.topic, presence.sequence)
    this.#introductions.refresh()
    for (const { peerId } of presence.members()) this.#tellLeft(peerId)
    const elsewhere = new Set(this.#all.flatMap((other) => [...other.overlay.neighbourIds]))
    await this.sessions.leave(
      room,
      (peerId) => runtime.has(peerId) && !this.#all.some((other) => other.has(peerId))
    )
    await this.#links.close(
      neighbours.filter((peerId) => !elsewhere.has(peerId)),
      { inbound: false }
    )
    await runtime.close()
    this.#rooms.delete(room.topic)
  }

  /** But those that we are leaving. */
  get #all(): readonly RoomRuntime[] {
    return [...this.#rooms.values()].filter(({ isStopped }) => !isStopped)
  }

  /** The rooms that a peer with a session has proven. */
  #sharedWith(peerId: string): RoomRuntime[] {
    return this.#all.filter((room) => room.isShared(peerId))
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
        this.#topics
      ],
      admit: async (peerId, rooms) => {
        const isAdmitted = await this.#admit(peerId, rooms)
        if (!isAdmitted) metrics.refusal('not-admitted')
        return isAdmitted
      },
      isIn: (peerId, { topic }) => this.#rooms.get(topic)?.has(peerId) === true,
      evidenceOf: (peerId, rooms) =>
        rooms
          .map(({ topic }) => this.#rooms.get(topic)?.presence.sealedRecordOf(peerId))
          .find((sealed) => sealed !== undefined),
      ...(startTimeMs !== undefined && { startTimeMs }),
      logger: components.logger,
      ...(components.metrics !== undefined && { metrics: components.metrics })
    })
    signaler.addEventListener('superseded', onSuperseded)
    signaler.addEventListener('evidence', ({ detail: { remotePeer, evidence } }) => {
      for (const { presence } of this.#all) {
        presence.receive(evidence, remotePeer).catch((error: unknown) => {
          this.#report(error)
        })
      }
    })
    signaler.addEventListener('room', ({ detail: { remotePeer, room: proven, isAdmitted } }) => {
      const { admit } = this.#init.options
      if (admit === undefined || isAdmitted || this.sessions.isDialedFor(remotePeer, proven)) {
        this.#share(remotePeer, proven)
      } else void this.#shareAdmitted(remotePeer, proven)
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

  #createRoom(room: Room, bootstrap: readonly Multiaddr[]): RoomRuntime {
    const { components, privateKey, options, routing, metrics } = this.#init
    const sequence = this.#sequences.get(room.topic)
    const runtime: RoomRuntime = new RoomRuntime({
      components,
      privateKey,
      options,
      instance: this.#signaler.instance,
      links: this.#links,
      door: this.#door,
      topics: this.#topics,
      routing,
      metrics,
      sessions: this.sessions,
      nextCounter: () => ++this.#broadcasts,
      room,
      bootstrap,
      sequence: sequence ?? 0,
      // What we said before we left is old: nobody who comes meanwhile is to take it for new.
      settled: sequence === undefined ? 0 : this.#broadcasts,
      admit: (peerId) => this.#admit(peerId, [room]),
      others: () => this.#all.filter((other) => other !== runtime).map(({ overlay }) => overlay)
    })
    this.#rooms.set(room.topic, runtime)
    this.#follow(runtime)
    return runtime
  }

  #follow(runtime: RoomRuntime): void {
    const { room, presence } = runtime
    runtime.addEventListener('room:key-mismatch', () => {
      this.#init.log('nobody here shares the key of the room %s', room.name)
    })
    presence.addEventListener('neighbour', ({ detail: peerId }) => {
      this.#introductions.refresh()
      this.sessions.handleHeard(peerId)
    })
    presence.addEventListener('discovered', ({ detail: member }) => {
      const { peerId, instance } = member
      this.#signaler.observeInstance(peerId, instance)
      runtime.safeDispatchEvent('member:discovered', { detail: memberOf(member) })
      this.#introductions.refresh()
      this.#tellSessions(peerId)
      // It may have come back to the room over a session that stands.
      if (!runtime.isShared(peerId)) this.#signaler.proveRoom(peerId, room)
    })
    presence.addEventListener('updated', ({ detail: { member, restarted } }) => {
      this.#tellSessions(member.peerId)
      if (!restarted) return
      this.#signaler.observeInstance(member.peerId, member.instance)
      this.sessions.handleMemberRestarted(member.peerId)
    })
    presence.addEventListener('left', ({ detail: { member, reason } }) => {
      // Of a lost one that has been told.
      if (!this.sessions.isLost(member.peerId)) {
        runtime.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason } })
      }
      this.#tellLeft(member.peerId)
    })
    presence.addEventListener('departed', ({ detail: { peerId, instance } }) => {
      if (!this.#signaler.forgetRoom(peerId, room, instance)) return
      runtime.handleDeparted(peerId)
      this.sessions.handleRoom(peerId, room, false)
    })
    presence.addEventListener('superseded', ({ detail: instance }) => {
      this.#signaler.observeInstance(this.#init.components.peerId.toString(), instance)
    })
  }

  /** A peer with a session is in the room, and may be. */
  #share(peerId: string, room: Room): void {
    this.sessions.handleRoom(peerId, room, true)
    if (this.sessions.carries(peerId)) this.#rooms.get(room.topic)?.handleSession(peerId, true)
  }

  /** A peer has proven a room that it was not admitted with: a session for one room is no way into another. */
  async #shareAdmitted(peerId: string, room: Room): Promise<void> {
    const shared = this.sessions.roomsWith(peerId)
    if (shared.has(room)) return
    if (!(await this.#admit(peerId, [...shared, room]))) {
      this.#init.metrics.refusal('not-admitted')
      return
    }
    // Meanwhile the session may have become another, or one of us may have left the room.
    const isSame = this.sessions.roomsWith(peerId) === shared
    if (isSame && this.#signaler.roomsWith(peerId).includes(room)) this.#share(peerId, room)
  }

  /** A member said something new in one of our rooms: what all of them together know of it. */
  #tellSessions(peerId: string): void {
    const rooms = this.#all.filter((room) => room.has(peerId))
    const [member] = rooms.map(({ presence }) => presence.get(peerId))
    if (member === undefined) return
    this.sessions.handleMember(peerId, {
      isPassive: member.services.includes(PASSIVE_SERVICE),
      isReachable: this.#introductions.isReachable(peerId),
      rooms: rooms.map(({ room }) => room.topic)
    })
  }

  /** A member has left one of our rooms, or we have. */
  #tellLeft(peerId: string): void {
    const rooms = this.#all.filter((room) => room.has(peerId)).map(({ room }) => room.topic)
    if (rooms.length === 0) this.sessions.handleMemberLeft(peerId)
    else this.sessions.handleMemberRooms(peerId, rooms)
  }

  #createSessions(): SessionRegistry {
    const { options, metrics, components, events, prepare } = this.#init
    const sessions = new SessionRegistry({
      signaler: this.#signaler,
      compare: comparePeerIds,
      options,
      metrics,
      log: components.logger.forComponent('hearsay:session'),
      roomsOf: (peerId) => this.#all.filter((room) => room.has(peerId)).map(({ room }) => room),
      admit: (peerId, rooms) => this.#admit(peerId, rooms),
      prepare,
      worth: (peerId) => Math.max(...this.#all.map(({ overlay }) => overlay.worthOf(peerId))),
      acceptBroadcast: (...copy) => this.#acceptBroadcast(...copy),
      acceptChannel: (peerId, channel) => this.#links.accept(peerId, channel),
      receiveEnvelope: (peerId, envelope) => this.#receiveEnvelope?.(peerId, envelope)
    })
    sessions.addEventListener('connected', ({ detail: peer }) => {
      events.safeDispatchEvent('peer:connected', { detail: peer })
      for (const room of this.#sharedWith(peer.peerId))
        room.safeDispatchEvent('peer:joined', { detail: peer })
    })
    sessions.addEventListener('disconnected', ({ detail }) => {
      const { peer, rooms } = detail
      for (const { topic } of rooms) this.#rooms.get(topic)?.safeDispatchEvent('peer:left', { detail: peer })
      events.safeDispatchEvent('peer:disconnected', { detail: { peer, reason: detail.reason } })
    })
    sessions.addEventListener('rooms', ({ detail: { peer, room, isIn } }) => {
      const type = isIn ? 'peer:joined' : 'peer:left'
      this.#rooms.get(room.topic)?.safeDispatchEvent(type, { detail: peer })
    })
    sessions.addEventListener('usable', ({ detail: { peerId, isUsable } }) => {
      for (const room of isUsable ? this.#sharedWith(peerId) : this.#all) room.handleSession(peerId, isUsable)
    })
    sessions.addEventListener('lost', ({ detail: peerId }) => {
      for (const room of this.#all) {
        const member = room.presence.get(peerId)
        if (member === undefined) continue
        room.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason: 'lost' } })
      }
    })
    sessions.addEventListener('found', ({ detail: peerId }) => {
      for (const room of this.#all) {
        const member = room.presence.get(peerId)
        if (member !== undefined) room.safeDispatchEvent('member:discovered', { detail: memberOf(member) })
      }
    })
    sessions.addEventListener('handler:error', ({ detail }) => {
      this.#report(new HandlerFailedError(detail.type, detail.peerId, detail.error))
    })
    return sessions
  }

  /** The counter does not say for which room it counts: in those where it does not, nothing else has it. */
  #acceptBroadcast(...copy: Parameters<RoomRuntime['broadcast']['acceptCopy']>): boolean {
    const [peerId] = copy
    const verdicts = this.#sharedWith(peerId).map(({ broadcast }) => broadcast.acceptCopy(...copy))
    return !verdicts.includes(false)
  }

  async #admit(peerId: string, rooms: readonly Room[]): Promise<boolean> {
    const { options } = this.#init
    if (options.admit === undefined) return true
    try {
      return await askAdmit(options.admit, peerId, { rooms: rooms.map(({ name }) => name) }, this.stopped)
    } catch (error) {
      if (!this.stopped.aborted) this.#report(error)
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
