import { serviceDependencies } from '@libp2p/interface'
import { deriveRoom, publicKeyOf } from '@hearsay/signaling'
import { checkMessageType, HandlerExistsError } from '@hearsay/session'
import { TypedEventEmitter } from 'main-event'
import { platform } from '#platform'
import { InvalidPeerIdError, ListenError, MeshClosedError, MissingServiceError, reasonOf } from './errors.ts'
import { DhtEntries } from './discovery/dht-entries.ts'
import { NodeRouting } from './discovery/routing-access.ts'
import { checkHost } from './host-check.ts'
import { requireEd25519 } from './identity/identity.ts'
import { MessageHub } from './message-hub.ts'
import { memberOf } from './mesh-member.ts'
import { MeshRuntime } from './mesh-runtime.ts'
import { MeshMetrics } from './metrics.ts'
import { JoinedRoom } from './rooms/joined-room.ts'
import { waitForEntry } from './start-node.ts'
import type { HearsayComponents } from './components.ts'
import type { RoutingAccess } from './discovery/routing-access.ts'
import type {
  BroadcastOptions,
  BroadcastResult,
  JsonObject,
  Mesh,
  MeshDialOptions,
  MeshEvents,
  MeshHandler,
  MeshMember,
  MeshMessage,
  MeshRoom
} from './mesh.ts'
import type { MeshPeer } from './mesh-peer.ts'
import { resolveJoinOptions } from './options.ts'
import { parseMultiaddr } from './parse-multiaddr.ts'
import type { JoinOptions, ResolvedHearsayOptions } from './options.ts'
import type { Room } from '@hearsay/signaling'
import type { Ed25519PrivateKey, Logger, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a mesh is given that made its own libp2p node. */
export interface OwnNode {
  readonly bootstrap: readonly Multiaddr[]
  /** When this process started with its identity, where that is stored. */
  readonly startTimeMs: number | undefined
  /** Its DHT, if it uses one. */
  readonly routing: RoutingAccess | undefined
  /** Stops the node, and with it the mesh. */
  stop(): Promise<void>
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
  #running: MeshRuntime | undefined
  #starting: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined
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
      members: () => this.#running?.memberCount ?? 0,
      neighbours: () => this.#running?.neighbourCount ?? 0
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
    return this.#running?.room.members.map(memberOf) ?? []
  }

  /** Resolves once a bootstrap address answered, of a member or of a DHT node. */
  get entered(): Promise<undefined> {
    return this.#requireRunning().entered
  }

  /** Why bootstrap addresses failed, by address. */
  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return this.#running?.bootstrapFailures ?? new Map<string, unknown>()
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
    // Now, not when a peer comes, whose session would fail of it.
    checkMessageType(type)
    if (this.#handlers.has(type)) {
      throw new HandlerExistsError(`the mesh has a handler for "${type}": take it back first`)
    }
    const peers = this.#running?.sessions.all ?? []
    const installed: MeshPeer[] = []
    try {
      for (const peer of peers) {
        this.#install(peer, type)
        installed.push(peer)
      }
    } catch (error) {
      for (const peer of installed) peer.unhandle(type)
      throw error
    }
    this.#handlers.set(type, handler as MeshHandler)
    let isSet = true
    return () => {
      // Another may have been set since.
      if (!isSet) return
      isSet = false
      this.#handlers.delete(type)
      for (const peer of this.#running?.sessions.all ?? []) peer.unhandle(type)
    }
  }

  async broadcast(message: unknown, options?: BroadcastOptions): Promise<BroadcastResult> {
    return this.#requireRunning().room.broadcast.send(message, options)
  }

  async join(options: JoinOptions): Promise<MeshRoom> {
    const running = this.#requireRunning()
    const { room, bootstrap, bootstrapTimeoutMs, signal } = resolveJoinOptions(options)
    signal?.throwIfAborted()
    const derived = await deriveRoom(room)
    signal?.throwIfAborted()
    const runtime = await running.join(derived, bootstrap)
    const stopped = AbortSignal.any([running.stopped, ...(signal === undefined ? [] : [signal])])
    try {
      await waitForEntry(runtime.overlay, bootstrap, bootstrapTimeoutMs, stopped)
    } catch (error) {
      await running.leave(runtime)
      throw error
    }
    const drop = this.#hub.addAll(runtime.broadcast.messages)
    return new JoinedRoom(running, runtime, drop)
  }

  messages<Message = unknown>(): AsyncIterableIterator<MeshMessage<Message>, undefined> {
    return this.#hub.messages() as AsyncIterableIterator<MeshMessage<Message>, undefined>
  }

  async listen(addresses: readonly string[]): Promise<void> {
    this.#requireRunning()
    const parsed = addresses.map(parseMultiaddr)
    try {
      await this.#components.transportManager.listen(parsed)
    } catch (error) {
      throw new ListenError(addresses, error)
    }
  }

  async unlisten(): Promise<void> {
    await Promise.all(this.#components.transportManager.getListeners().map((listener) => listener.close()))
  }

  close({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#closeSignal ??= signal
    if (this.#ownNode === undefined) return this.beforeStop()
    // Asked a second time, libp2p would say that it is done while it still stops.
    this.#closing ??= this.#ownNode.stop()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(): Promise<void> {
    const room = this.#room
    if (room === undefined || this.#stopping !== undefined) return
    const running = new MeshRuntime({
      components: this.#components,
      privateKey: this.#privateKey,
      room,
      options: this.#options,
      bootstrap: this.#ownNode?.bootstrap ?? [],
      startTimeMs: this.#ownNode?.startTimeMs,
      routing: this.#routing(),
      metrics: this.#metrics,
      log: this.#log,
      events: this,
      prepare: (peer) => {
        for (const type of this.#handlers.keys()) this.#install(peer, type)
        peer.addEventListener('close', this.#hub.add(peer.peerId, peer.messages()))
      },
      onSuperseded: () => {
        this.#log('a newer process uses our identity')
        this.safeDispatchEvent('superseded')
        this.close().catch((error: unknown) => {
          this.#log.error('could not close - %e', error)
        })
      }
    })
    for (const type of ['member:discovered', 'member:left', 'room:key-mismatch'] as const) {
      running.room.addEventListener(type, ({ detail }) => {
        this.dispatchEvent(new CustomEvent(type, { detail }))
      })
    }
    this.#running = running
    this.#hub.addAll(running.room.broadcast.messages)
    await running.start()
  }

  async #stop(): Promise<void> {
    // What is half started cannot be stopped.
    await this.#starting.catch(() => undefined)
    try {
      await this.#running?.stop(this.#closeSignal)
    } catch (error) {
      // Thrown, it would keep libp2p from stopping anything else.
      this.#log.error('could not close in order - %e', error)
      const detail = error instanceof Error ? error : new Error(reasonOf(error))
      this.safeDispatchEvent('error', { detail })
    }
    this.#running = undefined
    this.#hub.close()
    this.#log('closed')
  }

  #routing(): RoutingAccess | undefined {
    if (this.#ownNode !== undefined) return this.#ownNode.routing
    return this.#options.dht
      ? new NodeRouting(this.#components, new DhtEntries(this.#components, []))
      : undefined
  }

  #install(peer: MeshPeer, type: string): void {
    peer.handle<JsonObject>(type, (payload, context) =>
      this.#handlers.get(type)?.(payload, { ...context, peer })
    )
  }

  #checkPeerId(peerId: string): void {
    if (peerId === this.peerId) throw new InvalidPeerIdError(peerId, 'is our own peer ID')
    try {
      publicKeyOf(peerId)
    } catch (error) {
      throw new InvalidPeerIdError(peerId, 'is not the peer ID of an Ed25519 key', error)
    }
  }

  #requireRunning(): MeshRuntime {
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

/** Loopback first, because it is what works for sure where people try this out; TCP before WebSocket. */
function addressRank(address: string): number {
  const isLoopback = address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
  return (isLoopback ? 0 : 2) + (address.includes('/ws') ? 1 : 0)
}
