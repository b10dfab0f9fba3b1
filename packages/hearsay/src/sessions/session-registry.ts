import { AbortError, PeerSession, RefusedError } from '@hearsay/session'
import { TypedEventEmitter } from 'main-event'
import { Alarm, monotonicNow } from '../alarm.ts'
import { withDeadline } from '../deadline.ts'
import { DEFAULT_CHANNEL, SIGNAL_CHANNEL } from '../constants.ts'
import {
  ConnectionLimitError,
  DialError,
  MeshClosedError,
  NoSessionError,
  PeerRefusedError
} from '../errors.ts'
import { DialSchedule } from './dial-schedule.ts'
import { DISPLACED, SessionEntry } from './session-entry.ts'
import { listenOnMeshChannels, MESH_CHANNELS, openMeshChannel } from './mesh-channels.ts'
import { spareSession } from './spare-session.ts'
import type { MeshPeer } from '../mesh-peer.ts'
import type { MeshMetrics } from '../metrics.ts'
import type { MeshDialOptions } from '../mesh.ts'
import type { ResolvedHearsayOptions } from '../options.ts'
import type { MemberTraits, ScheduleOutput } from './dial-schedule.ts'
import type { MeshChannelListener } from './mesh-channels.ts'
import type {
  Channel,
  ChannelOptions,
  CloseReason,
  HandlerErrorDetail,
  PeerSessionInit
} from '@hearsay/session'
import type { IncomingOffer, Room, Signaler } from '@hearsay/signaling'

export interface SessionRegistryEvents {
  connected: CustomEvent<MeshPeer>
  disconnected: CustomEvent<{ peer: MeshPeer; reason: CloseReason; rooms: readonly Room[] }>
  /** A session can be used, or cannot: it is over, or its peer is silent. */
  usable: CustomEvent<{ peerId: string; isUsable: boolean }>
  /** Nobody answers where that member is said to be. */
  lost: CustomEvent<string>
  /** A lost member was heard of anew. */
  found: CustomEvent<string>
  /** A connected peer has proven to be in a room, after the connection came up, or has left one. */
  rooms: CustomEvent<{ peer: MeshPeer; room: Room; isIn: boolean }>
  'handler:error': CustomEvent<HandlerErrorDetail & { readonly peerId: string }>
}

export interface SessionRegistryInit extends MeshChannelListener {
  readonly signaler: Signaler
  /** Orders peer IDs by public-key bytes. */
  readonly compare: (a: string, b: string) => number
  readonly options: ResolvedHearsayOptions
  readonly metrics: MeshMetrics
  /** The rooms that a member is in, as far as presence tells. */
  readonly roomsOf: (peerId: string) => readonly Room[]
  /** Whether a member of these rooms may be dialed that nobody has asked us to dial. */
  readonly admit: (peerId: string, rooms: readonly Room[]) => Promise<boolean>
  /** Called with each new peer before anything of it can arrive: the place for handlers. */
  readonly prepare: (peer: MeshPeer) => void
  /** What a session is worth to the overlay: the higher, the later it makes room for another. */
  readonly worth: (peerId: string) => number
  /** A broadcast came from the peer itself. @returns whether it is to be delivered */
  readonly acceptBroadcast: (peerId: string, instance: Uint8Array, counter: number) => boolean
}

/** How long a `dial()` waits by default for a connection, glare and retries of signaling included. */
const DIAL_TIMEOUT_MS = 30_000

/** Why a session ends with the last room that it was good for. */
const LEFT_ROOM = { code: 'left-room', message: 'the two share no room any more' }

/** All sessions by peer: routes offers to them, dials members, keeps below the limit, tries again after failures. */
export class SessionRegistry extends TypedEventEmitter<SessionRegistryEvents> {
  readonly #init: SessionRegistryInit
  readonly #schedule: DialSchedule
  readonly #entries = new Map<string, SessionEntry>()
  /** Sessions that were replaced or are ending: `close()` waits for them too. */
  readonly #ending = new Set<PeerSession>()
  readonly #alarm = new Alarm(() => {
    this.#plan()
  })
  #closed = false

  constructor(init: SessionRegistryInit) {
    super()
    this.#init = init
    const { maxConnections } = init.options
    this.#schedule = new DialSchedule({
      localPeer: init.signaler.localPeer,
      compare: init.compare,
      maxConnections,
      random: Math.random
    })
  }

  /** Peers to be, too. */
  get all(): MeshPeer[] {
    return [...this.#entries.values()].map(({ peer }) => peer)
  }

  /** Peers that can be talked to. */
  get peers(): MeshPeer[] {
    return [...this.#entries.values()].filter(({ isUsable }) => isUsable).map(({ peer }) => peer)
  }

  /** There are as many sessions as members are dialed for that nobody has asked for. */
  get isFull(): boolean {
    return this.#schedule.isFull
  }

  peer(peerId: string): MeshPeer | undefined {
    const entry = this.#entries.get(peerId)
    return entry?.isUsable === true ? entry.peer : undefined
  }

  /**
   * Opens a channel of the mesh's own on the session with that peer.
   *
   * @throws {NoSessionError} it is not up
   */
  openChannel(peerId: string, label: string, options: ChannelOptions<Uint8Array>): Channel<Uint8Array> {
    return openMeshChannel(peerId, this.#entries.get(peerId)?.session, label, options)
  }

  /** The rooms that a peer with a session has proven to share with us: the same set as long as it is the same session. */
  roomsWith(peerId: string): ReadonlySet<Room> {
    return this.#entries.get(peerId)?.rooms ?? new Set()
  }

  /** Whether we have dialed that peer as a member of the room. */
  isDialedFor(peerId: string, room: Room): boolean {
    return this.#entries.get(peerId)?.dialedFor.includes(room) === true
  }

  /** A peer has proven to be in a room, or has left it, as it says itself. */
  handleRoom(peerId: string, room: Room, isIn: boolean): void {
    const entry = this.#entries.get(peerId)
    if (entry === undefined || entry.rooms.has(room) === isIn) return
    if (isIn) entry.rooms.add(room)
    else entry.rooms.delete(room)
    if (entry.told) this.safeDispatchEvent('rooms', { detail: { peer: entry.peer, room, isIn } })
  }

  /**
   * We have left a room: closes sessions with those who share no other with us.
   *
   * @param isOnlyThere whether presence knows a peer from that room alone; for sessions that do not stand yet
   */
  async leave(room: Room, isOnlyThere: (peerId: string) => boolean): Promise<void> {
    const closing: Promise<void>[] = []
    for (const { session, peer, rooms, told } of this.#entries.values()) {
      this.handleRoom(peer.peerId, room, false)
      if (rooms.size === 0 && (told || isOnlyThere(peer.peerId))) closing.push(session.close(LEFT_ROOM))
    }
    await Promise.all(closing)
  }

  start(): void {
    this.#init.signaler.setOfferHandler((offer) => {
      this.#handleOffer(offer)
    })
  }

  handleMember(peerId: string, traits: MemberTraits): void {
    if (!this.#init.options.autoConnect) return
    this.#schedule.handleMember(peerId, traits, monotonicNow())
    this.#plan()
  }

  handleMemberRestarted(peerId: string): void {
    this.#schedule.handleMemberRestarted(peerId, monotonicNow())
    this.#plan()
  }

  /** That peer lives: something came that only it can have said. */
  handleHeard(peerId: string): void {
    this.#schedule.handleHeard(peerId, monotonicNow())
    this.#plan()
  }

  /** Whether signaling can go over the connection to that peer: it is up, and the peer is not silent. */
  carries(peerId: string): boolean {
    return this.#entries.get(peerId)?.session.state.name === 'connected'
  }

  /** Sends the peer a signaling envelope over the connection to it. */
  async carry(peerId: string, envelope: Uint8Array): Promise<void> {
    if (!this.carries(peerId)) throw new DialError(peerId, 'there is no connection')
    await this.#entries.get(peerId)?.session.channel(SIGNAL_CHANNEL).send(envelope)
  }

  /** Sends the peer a broadcast, by the counter that it is known by. Rejects with the errors of `Channel.send()`. */
  async sendBroadcast(
    peerId: string,
    message: unknown,
    options: { readonly mark: number; readonly signal?: AbortSignal }
  ): Promise<void> {
    const session = this.#entries.get(peerId)?.session
    if (session === undefined) throw new NoSessionError(peerId)
    await session.channel(DEFAULT_CHANNEL).send(message, options)
  }

  /** Bytes that have left for that peer on the channel of broadcasts; 0 without one. */
  bytesSentTo(peerId: string): number {
    const channels = this.#entries.get(peerId)?.session.channels
    const stats = channels?.find(({ label }) => label === DEFAULT_CHANNEL)?.stats()
    return stats === undefined ? 0 : stats.bytesSent - stats.bufferedAmount
  }

  /** A member has left a room, and is in these others. */
  handleMemberRooms(peerId: string, rooms: readonly string[]): void {
    this.#schedule.handleRooms(peerId, rooms)
  }

  handleMemberLeft(peerId: string): void {
    this.#schedule.handleMemberLeft(peerId)
  }

  /** Whether dials to that member go unanswered, and nothing was heard of it since. */
  isLost(peerId: string): boolean {
    return this.#schedule.isLost(peerId)
  }

  /** Members for whom that holds, of any room. */
  get lost(): ReadonlySet<string> {
    return this.#schedule.lost
  }

  /** Connects, joins an attempt under way, or gives the connection that there is. Errors as `Mesh.dial()`. */
  async dial(peerId: string, options: MeshDialOptions = {}): Promise<MeshPeer> {
    if (this.#closed) throw new MeshClosedError()
    options.signal?.throwIfAborted()
    const connected = this.peer(peerId)
    if (connected !== undefined) return connected
    if (!this.#makeRoomFor(peerId)) throw new ConnectionLimitError(this.#init.options.maxConnections)
    try {
      await withDeadline(options.timeoutMs ?? DIAL_TIMEOUT_MS, options.signal, (signal) =>
        this.#connectOrJoin(peerId, { ...options, signal })
      )
    } catch (error) {
      options.signal?.throwIfAborted()
      throw this.#dialErrorOf(peerId, error)
    }
    const peer = this.peer(peerId)
    if (peer === undefined) throw new DialError(peerId, 'the connection ended as soon as it stood')
    return peer
  }

  /** Refuses what comes, closes what is there, and waits until nothing is left. */
  async close(options?: { signal?: AbortSignal }): Promise<void> {
    this.#closed = true
    this.#alarm.set(undefined)
    this.#init.signaler.setOfferHandler((offer) => {
      this.#refuse(offer, 'closing')
    })
    const reason = { code: 'shutdown', message: 'the node is going away' }
    const sessions = new Set([...this.#ending, ...[...this.#entries.values()].map(({ session }) => session)])
    await Promise.all([...sessions].map((session) => session.close(reason, options)))
    this.#init.signaler.setOfferHandler(undefined)
  }

  #handleOffer(offer: IncomingOffer): void {
    const { remotePeer } = offer
    if (this.#closed) {
      this.#refuse(offer, 'closing')
      return
    }
    if (this.#entries.get(remotePeer)?.session.handleOffer(offer) === true) return
    if (!this.#makeRoomFor(remotePeer)) {
      this.#refuse(offer, 'busy')
      return
    }
    // One with the same peer may just be ending because of this very offer.
    this.#open(remotePeer).handleOffer(offer)
  }

  /** At the limit the session goes that is of least use. @returns false where all are in use */
  #makeRoomFor(peerId: string): boolean {
    if (this.#schedule.hasRoomFor(peerId)) return true
    const usable = [...this.#entries.values()]
      .filter(({ isUsable }) => isUsable)
      .map(({ session }) => session)
    const session = spareSession(usable, this.#init.worth)
    if (session === undefined) return false
    this.#init.log('%s makes room for another', session.remotePeer)
    this.#schedule.handleEnded(session.remotePeer, 'displaced', monotonicNow())
    session.close(DISPLACED).catch((error: unknown) => {
      this.#init.log('a session did not close - %e', error)
    })
    return true
  }

  #refuse(offer: IncomingOffer, code: 'busy' | 'closing'): void {
    this.#init.metrics.refusal(code)
    offer.refuse(code)
  }

  #plan(): void {
    if (this.#closed) return
    this.#schedule.handleTimeout(monotonicNow())
    for (
      let output = this.#schedule.pollOutput();
      output !== undefined;
      output = this.#schedule.pollOutput()
    ) {
      this.#handle(output)
    }
    this.#alarm.set(this.#schedule.pollTimeout())
  }

  #handle({ type, peerId }: ScheduleOutput): void {
    if (type !== 'dial') {
      this.#init.log('%s is %s', peerId, type)
      this.safeDispatchEvent(type, { detail: peerId })
      return
    }
    this.#connectAdmitted(peerId).catch((error: unknown) => {
      this.#init.log('no connection to %s - %e', peerId, error)
    })
  }

  async #connectOrJoin(peerId: string, options: MeshDialOptions & { signal: AbortSignal }): Promise<void> {
    const { session } = this.#entries.get(peerId) ?? {}
    const isUnderWay =
      session !== undefined && session.state.name !== 'closing' && session.state.name !== 'closed'
    await (isUnderWay
      ? session.waitForConnected(options)
      : this.#connect(peerId, this.#init.roomsOf(peerId), options))
  }

  /** Whom we would not let in we do not fetch either. */
  async #connectAdmitted(peerId: string): Promise<void> {
    const rooms = this.#init.roomsOf(peerId)
    const isAdmitted = await this.#init.admit(peerId, rooms)
    // Meanwhile it may have offered itself, or been dialed by hand.
    if (this.#closed || this.#entries.has(peerId)) return
    if (isAdmitted) {
      await this.#connect(peerId, rooms)
    } else {
      this.#schedule.handleEnded(peerId, 'unwanted', monotonicNow())
      this.#plan()
    }
  }

  async #connect(
    peerId: string,
    rooms: readonly Room[],
    { signal, paths }: MeshDialOptions = {}
  ): Promise<void> {
    const session = this.#open(peerId, paths !== undefined, rooms)
    try {
      await session.dial({ ...(signal !== undefined && { signal }), ...(paths !== undefined && { paths }) })
      this.#init.metrics.dial('connected')
    } catch (error) {
      this.#init.metrics.dial(error instanceof RefusedError ? 'refused' : 'failed')
      throw error
    }
  }

  #open(peerId: string, isPinned = false, dialedFor: readonly Room[] = []): PeerSession {
    const { signaler, options, log } = this.#init
    const init: PeerSessionInit = {
      signaler,
      remotePeer: peerId,
      rtcConfiguration: options.rtcConfiguration,
      channels: { ...options.channels, ...MESH_CHANNELS },
      ...(options.candidatePolicy !== undefined && { candidates: { local: options.candidatePolicy } }),
      timeouts: options.timeouts,
      liveness: options.liveness,
      acceptMarked: (label, mark) => label !== DEFAULT_CHANNEL || this.#acceptBroadcast(session, mark),
      logger: log
    }
    const session = new PeerSession(init)
    const entry = new SessionEntry(session, isPinned, dialedFor)
    const previous = this.#entries.get(peerId)
    this.#entries.set(peerId, entry)
    if (previous !== undefined) this.#replace(previous)
    this.#schedule.handleSession(peerId)
    session.addEventListener('connected', () => {
      this.#handleConnected(entry)
    })
    session.addEventListener('statechange', ({ detail: { from, to } }) => {
      if (this.#entries.get(peerId) !== entry || (from === 'connected') === (to === 'connected')) return
      this.safeDispatchEvent('usable', { detail: { peerId, isUsable: to === 'connected' } })
    })
    session.addEventListener('closed', ({ detail }) => {
      this.#handleClosed(entry, detail)
    })
    session.addEventListener('handler:error', ({ detail }) => {
      this.safeDispatchEvent('handler:error', { detail: { ...detail, peerId } })
    })
    listenOnMeshChannels(session, this.#init)
    this.#init.prepare(entry.peer)
    return session
  }

  #acceptBroadcast({ remotePeer, remoteInstance }: PeerSession, counter: number): boolean {
    return remoteInstance === undefined || this.#init.acceptBroadcast(remotePeer, remoteInstance, counter)
  }

  /** The end of the old connection is told before the beginning of the new one, though it takes a while. */
  #replace(entry: SessionEntry): void {
    const { state } = entry.session
    this.#ending.add(entry.session)
    this.safeDispatchEvent('usable', { detail: { peerId: entry.session.remotePeer, isUsable: false } })
    const replaced = { code: 'replaced', message: 'the peer began a new session', by: 'remote' } as const
    this.#tellEnd(entry, 'reason' in state ? state.reason : replaced)
  }

  #handleConnected(entry: SessionEntry): void {
    const { session, peer } = entry
    this.#schedule.handleConnected(peer.peerId)
    const { path, timings } = session.stats()
    this.#init.metrics.connected(path ?? 'unknown', timings.totalMs ?? 0)
    entry.told = true
    this.#plan()
    this.safeDispatchEvent('connected', { detail: peer })
  }

  #handleClosed(entry: SessionEntry, reason: CloseReason): void {
    const { session } = entry
    const peerId = session.remotePeer
    this.#ending.delete(session)
    if (this.#entries.get(peerId) === entry) {
      this.#entries.delete(peerId)
      this.#schedule.handleEnded(peerId, entry.outcomeOf(reason, this.peers.length === 0), monotonicNow())
    }
    this.#tellEnd(entry, reason)
    this.#plan()
  }

  #tellEnd(entry: SessionEntry, reason: CloseReason): void {
    if (!entry.told) return
    entry.told = false
    const rooms = [...entry.rooms]
    entry.rooms.clear()
    this.safeDispatchEvent('disconnected', { detail: { peer: entry.peer, reason, rooms } })
  }

  #dialErrorOf(peerId: string, error: unknown): Error {
    if (this.#closed) return new MeshClosedError()
    if (error instanceof RefusedError) return new PeerRefusedError(peerId, error.refusal)
    // What the deadline says is of more use than that something was aborted.
    return new DialError(peerId, error instanceof AbortError ? error.cause : error)
  }
}
