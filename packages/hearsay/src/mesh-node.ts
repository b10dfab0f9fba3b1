import { serviceDependencies } from '@libp2p/interface'
import {
  comparePeerIds,
  createSignaler,
  deriveRoom,
  DirectStreamPath,
  GossipTopicPath,
  publicKeyOf,
  SIGNAL_PROTOCOL
} from '@hearsay/signaling'
import { HandlerExistsError } from '@hearsay/session'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { platform } from '#platform'
import {
  HandlerFailedError,
  InvalidPeerIdError,
  MeshClosedError,
  MissingServiceError,
  reasonOf
} from './errors.ts'
import { checkHost } from './host-check.ts'
import { requireEd25519 } from './identity/identity.ts'
import { MessageHub } from './message-hub.ts'
import { MeshMetrics } from './metrics.ts'
import { Overlay } from './overlay/overlay.ts'
import { Presence } from './presence/presence.ts'
import { RoomWatch } from './room-watch.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import type { HearsayComponents } from './components.ts'
import type {
  BroadcastResult,
  JsonObject,
  Mesh,
  MeshDialOptions,
  MeshEvents,
  MeshHandler,
  MeshMember,
  MeshMessage
} from './mesh.ts'
import type { MeshPeer } from './mesh-peer.ts'
import type { ResolvedHearsayOptions } from './options.ts'
import type { Member } from './presence/presence-table.ts'
import type { Room, SignalerService } from '@hearsay/signaling'
import type { Ed25519PrivateKey, Logger, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a mesh is given that made its own libp2p node. */
export interface OwnNode {
  readonly bootstrap: readonly Multiaddr[]
  /** Stops the node, and with it the mesh. */
  stop(): Promise<void>
}

/** All that runs while the mesh does. */
interface Running {
  readonly signaler: SignalerService
  readonly presence: Presence
  readonly overlay: Overlay
  readonly sessions: SessionRegistry
  readonly watch: RoomWatch
  readonly topology: string
}

/** `Mesh` as a service of a libp2p node. */
export class MeshNode extends TypedEventEmitter<MeshEvents> implements Mesh, Startable {
  readonly [serviceDependencies] = ['@libp2p/identify', '@libp2p/pubsub']
  readonly [Symbol.toStringTag] = 'hearsay'
  readonly peerId: string
  readonly room: string
  readonly #components: HearsayComponents
  readonly #options: ResolvedHearsayOptions
  readonly #ownNode: OwnNode | undefined
  readonly #privateKey: Ed25519PrivateKey
  readonly #metrics: MeshMetrics
  readonly #log: Logger
  readonly #handlers = new Map<string, MeshHandler>()
  #hub = new MessageHub()
  #room: Room | undefined
  #running: Running | undefined
  #starting: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #closeSignal: AbortSignal | undefined

  /** @throws {IdentityKeyTypeError} the node's key is not Ed25519 */
  constructor(components: HearsayComponents, options: ResolvedHearsayOptions, ownNode?: OwnNode) {
    super()
    this.#components = components
    this.#options = options
    this.#ownNode = ownNode
    this.#privateKey = requireEd25519(components.privateKey, "of the libp2p node (option 'privateKey')")
    this.peerId = components.peerId.toString()
    this.room = options.room.name
    this.#log = components.logger.forComponent('hearsay:mesh')
    this.#metrics = new MeshMetrics(components.metrics, {
      peers: () => this.peers.length,
      members: () => this.members.length,
      neighbours: () => this.#running?.overlay.neighbours ?? 0
    })
  }

  get addresses(): readonly string[] {
    return this.#components.addressManager
      .getAddresses()
      .map(String)
      .toSorted((a, b) => addressRank(a) - addressRank(b))
  }

  get peers(): readonly MeshPeer[] {
    return this.#running?.sessions.peers ?? []
  }

  get members(): readonly MeshMember[] {
    return this.#running?.presence.members().map(memberOf) ?? []
  }

  /** Resolves once a bootstrap address answered. */
  get entered(): Promise<undefined> {
    return this.#requireRunning().overlay.entered
  }

  /** Why bootstrap addresses failed, by address. */
  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return this.#running?.overlay.bootstrapFailures ?? new Map<string, unknown>()
  }

  // libp2p calls what follows up to `stop`.

  /** Before any other has started: what fails here leaves nothing half started. */
  async beforeStart(): Promise<void> {
    requirePubsub(this.#components)
    if (this.#ownNode === undefined) {
      for (const { message, code } of checkHost(this.#components)) platform.warn(message, code)
    }
    if (this.#stopping !== undefined) {
      // The node starts again.
      this.#stopping = undefined
      this.#hub = new MessageHub()
    }
    this.#room ??= await deriveRoom(this.#options.room)
  }

  start(): void {
    // It is all done before and after: libp2p looks for this method to see that there is something to start.
  }

  /** After the others: gossipsub takes subscriptions only once it has started. */
  afterStart(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  /** Before the others: farewells need the network. */
  beforeStop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  stop(): Promise<void> {
    return this.beforeStop()
  }

  peer(peerId: string): MeshPeer | undefined {
    return this.#running?.sessions.peer(peerId)
  }

  async dial(peerId: string, options?: MeshDialOptions): Promise<MeshPeer> {
    this.#checkPeerId(peerId)
    return this.#requireRunning().sessions.dial(peerId, options)
  }

  handle<Payload>(type: string, handler: MeshHandler<Payload>): () => void {
    if (this.#handlers.has(type)) {
      throw new HandlerExistsError(`the mesh has a handler for "${type}": take it back first`)
    }
    this.#handlers.set(type, handler as MeshHandler)
    for (const peer of this.#running?.sessions.all ?? []) this.#install(peer, type)
    return () => {
      if (!this.#handlers.delete(type)) return
      for (const peer of this.#running?.sessions.all ?? []) peer.unhandle(type)
    }
  }

  async broadcast(message: unknown, options?: { signal?: AbortSignal }): Promise<BroadcastResult> {
    const { sessions } = this.#requireRunning()
    options?.signal?.throwIfAborted()
    const sent: string[] = []
    const failed: { peerId: string; error: Error }[] = []
    await Promise.all(
      sessions.peers.map(async (peer) => {
        try {
          await peer.send(message, options)
          sent.push(peer.peerId)
        } catch (error) {
          failed.push({
            peerId: peer.peerId,
            error: error instanceof Error ? error : new Error(reasonOf(error))
          })
        }
      })
    )
    return { sent, failed }
  }

  messages<Message = unknown>(): AsyncIterableIterator<MeshMessage<Message>, undefined> {
    return this.#hub.messages() as AsyncIterableIterator<MeshMessage<Message>, undefined>
  }

  async close({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#closeSignal = signal
    await (this.#ownNode === undefined ? this.beforeStop() : this.#ownNode.stop())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(): Promise<void> {
    const room = this.#room
    if (room === undefined || this.#stopping !== undefined) return
    const { registrar } = this.#components
    const signaler = this.#createSignaler(room)
    const watch = this.#createWatch()
    const presence = this.#createPresence(room, signaler, watch)
    const overlay = new Overlay({
      components: this.#components,
      presence,
      bootstrap: this.#ownNode?.bootstrap ?? [],
      degree: this.#options.overlayDegree,
      renewalMs: this.#options.presenceTtlMs / 3
    })
    const sessions = this.#createSessions(signaler, presence)
    await signaler.start()
    const topology = await registrar.register(SIGNAL_PROTOCOL, {
      onConnect: () => {
        watch.handleConnected()
      }
    })
    this.#running = { signaler, presence, overlay, sessions, watch, topology }
    sessions.start()
    overlay.start()
    presence.start()
  }

  async #stop(): Promise<void> {
    // What is half started cannot be stopped.
    await this.#starting.catch(() => undefined)
    const running = this.#running
    if (running === undefined) return
    const { signaler, presence, overlay, sessions, watch, topology } = running
    watch.stop()
    this.#components.registrar.unregister(topology)
    overlay.stop()
    await Promise.all([
      presence.stop(),
      sessions.close(this.#closeSignal === undefined ? {} : { signal: this.#closeSignal })
    ])
    await signaler.stop()
    this.#running = undefined
    this.#hub.close()
    this.#log('closed')
  }

  #createWatch(): RoomWatch {
    return new RoomWatch(this.#options.keyMismatchTimeoutMs, () => {
      this.#log('nobody here shares the key of our room')
      this.#metrics.keyMismatch()
      this.safeDispatchEvent('room:key-mismatch', { detail: { room: this.room } })
    })
  }

  #createSignaler(room: Room): SignalerService {
    const components = this.#components
    const signaler = createSignaler({
      privateKey: this.#privateKey.raw.subarray(0, 32),
      rooms: [room],
      paths: [
        new DirectStreamPath(components),
        new GossipTopicPath(components, { topic: room.topic, localPeer: this.peerId })
      ],
      admit: (peerId) => this.#admit(peerId),
      logger: components.logger,
      ...(components.metrics !== undefined && { metrics: components.metrics })
    })
    signaler.addEventListener('superseded', () => {
      this.#log('a newer process uses our identity')
      this.safeDispatchEvent('superseded')
      this.close().catch((error: unknown) => {
        this.#report(error)
      })
    })
    return signaler
  }

  #createPresence(room: Room, signaler: SignalerService, watch: RoomWatch): Presence {
    const presence = new Presence({
      components: this.#components,
      privateKey: this.#privateKey,
      room,
      instance: signaler.instance,
      ttlMs: this.#options.presenceTtlMs,
      maxMembers: this.#options.maxMembers,
      metrics: this.#metrics
    })
    presence.addEventListener('discovered', ({ detail: member }) => {
      watch.stop()
      signaler.observeInstance(member.peerId, member.instance)
      this.safeDispatchEvent('member:discovered', { detail: memberOf(member) })
      this.#running?.sessions.handleMember(member.peerId)
    })
    presence.addEventListener('updated', ({ detail: { member, restarted, sealed } }) => {
      if (!restarted) return
      signaler.observeInstance(member.peerId, member.instance)
      this.#handleRestart(member.peerId, sealed).catch((error: unknown) => {
        this.#log('an older process of %s could not be told of the newer - %e', member.peerId, error)
      })
    })
    presence.addEventListener('left', ({ detail: { member, reason } }) => {
      this.safeDispatchEvent('member:left', { detail: { member: memberOf(member), reason } })
      this.#running?.sessions.handleMemberLeft(member.peerId)
    })
    presence.addEventListener('superseded', ({ detail: instance }) => {
      signaler.observeInstance(this.peerId, instance)
    })
    return presence
  }

  /**
   * A peer announces a newer instance. If the older one still runs, it is shown the newer one's record, which is proof
   * enough for it to stop; nobody could make it stop without. Gossip may not lead there: for it both are one peer.
   */
  async #handleRestart(peerId: string, sealed: Uint8Array): Promise<void> {
    this.#running?.sessions.handleMemberRestarted(peerId)
    await this.#running?.sessions.send(peerId, sealed)
  }

  #createSessions(signaler: SignalerService, presence: Presence): SessionRegistry {
    const sessions = new SessionRegistry({
      signaler,
      receive: (message) => {
        presence.receive(message).catch((error: unknown) => {
          this.#report(error)
        })
      },
      compare: comparePeerIds,
      options: this.#options,
      metrics: this.#metrics,
      log: this.#components.logger.forComponent('hearsay:session'),
      prepare: (peer) => {
        for (const type of this.#handlers.keys()) this.#install(peer, type)
      }
    })
    sessions.addEventListener('connected', ({ detail: peer }) => {
      this.#hub.add(peer.peerId, peer.messages())
      this.safeDispatchEvent('peer:connected', { detail: peer })
    })
    sessions.addEventListener('disconnected', ({ detail }) => {
      this.safeDispatchEvent('peer:disconnected', { detail })
    })
    sessions.addEventListener('handler:error', ({ detail }) => {
      this.#report(new HandlerFailedError(detail.type, detail.peerId, detail.error))
    })
    return sessions
  }

  #install(peer: MeshPeer, type: string): void {
    peer.handle<JsonObject>(type, (payload, context) =>
      this.#handlers.get(type)?.(payload, { ...context, peer })
    )
  }

  async #admit(peerId: string): Promise<boolean> {
    const { admit } = this.#options
    if (admit === undefined) return true
    try {
      const isAdmitted = await admit(peerId, { rooms: [this.room] })
      if (!isAdmitted) this.#metrics.refusal('not-admitted')
      return isAdmitted
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  #report(error: unknown): void {
    this.#log.error('%e', error)
    this.safeDispatchEvent('error', { detail: error instanceof Error ? error : new Error(reasonOf(error)) })
  }

  #checkPeerId(peerId: string): void {
    if (peerId === this.peerId) throw new InvalidPeerIdError(peerId, 'is our own peer ID')
    try {
      publicKeyOf(peerId)
    } catch (error) {
      throw new InvalidPeerIdError(peerId, 'is not the peer ID of an Ed25519 key', error)
    }
  }

  #requireRunning(): Running {
    if (this.#running === undefined || this.#stopping !== undefined) throw new MeshClosedError()
    return this.#running
  }
}

function requirePubsub(components: HearsayComponents): void {
  try {
    // libp2p throws where a component is missing.
    if (typeof components.pubsub.subscribe === 'function') return
  } catch {
    // Said below in words of ours.
  }
  throw new MissingServiceError(
    'pubsub',
    'Add gossipsub() of @libp2p/gossipsub to its services under that name.'
  )
}

function memberOf({ peerId, addresses, services }: Member): MeshMember {
  return { peerId, services, addresses: addresses.flatMap(addressText) }
}

function addressText(bytes: Uint8Array): string[] {
  try {
    return [multiaddr(bytes).toString()]
  } catch {
    return []
  }
}

/** Loopback first, because it is what works for sure where people try this out; TCP before WebSocket. */
function addressRank(address: string): number {
  const isLoopback = address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
  return (isLoopback ? 0 : 2) + (address.includes('/ws') ? 1 : 0)
}
