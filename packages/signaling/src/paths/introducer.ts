import type { ComponentLogger, Connection, Logger } from '@libp2p/interface'
import { PathUnavailableError } from '../errors.ts'
import type { Introduction } from '../introduction/introduction.ts'
import { Marks } from '../introduction/marks.ts'
import { Registrations, type Candidate } from '../introduction/registrations.ts'
import type { Arrival, Intermediary, SignalingPath } from '../path.ts'
import { Alarm, realTimers, type SignalingTimers } from '../service/timers.ts'
import { IntroducerLink, type LinkEnd } from './introducer-link.ts'

/** How many members introduce us to others: two that go at once find one to take their place. */
const DEFAULT_INTRODUCERS = 3

/** Streams to introducers at once, our own included. */
const MAX_LINKS = 64

/** Peers that one introducer has brought something of, or would not pass on to: as many as it may bring at once. */
const MAX_NAMED = 256

/** A stream to somebody else's introducer ends when it was not used for so long: longer than a dial lasts. */
const IDLE_MS = 60_000

/** How long an introducer may take to say that we are registered. */
const REGISTER_TIMEOUT_MS = 5_000

/** How often the plan is looked at. */
const TICK_MS = 1_000

/** Who could not be reached, or broke the protocol, or would not pass on to somebody, is left alone for so long. */
const DOWN_MS = 30_000
const REFUSED_MS = 5_000

/** The name of the room where there is one. */
const ONLY_ROOM = ['']

/** What the mesh knows of introducers, and how it gets to them. */
export interface IntroducerDirectory {
  /** Through whom a peer can be reached, as it says itself. */
  introducersOf(remotePeer: string): readonly string[]
  /**
   * Our rooms, by names that nobody else learns. Each has introducers of its own, members of it all: nobody outside of a
   * room is to learn who is in it. @default one
   */
  rooms?(): readonly string[]
  /** Some who could introduce us to others in a room. */
  candidates(room: string): readonly Candidate[]
  isConnected(peer: string): boolean
  /** Whether there is an address to dial. */
  isDialable(peer: string): boolean
  /** The connection to a peer; a new one where there is none. */
  connect(peer: string, options: { signal: AbortSignal }): Promise<Connection>
  /** Whether the connection to a peer stands for introductions alone. */
  isBorrowed(peer: string): boolean
  /** We have no more use for the connection to a peer. */
  release(peer: string): void
  /** Through whom we can be reached from now on: for others in the room to know. */
  announce(introducers: readonly string[], room: string): void
}

export interface IntroducerPathInit {
  localPeer: string
  directory: IntroducerDirectory
  logger: ComponentLogger
  /** How many introducers to have in each room. 0 for who does not want to be reached so. @default 3 */
  introducers?: number
  /** @default the real time */
  timers?: SignalingTimers
}

/** The path through a member that both know: ours passes on what comes for us, the peer's what we send. */
export class IntroducerPath implements SignalingPath {
  readonly name = 'introducer'
  readonly cost = 20
  readonly kind = 'relayed'
  readonly #init: IntroducerPathInit
  readonly #log: Logger
  /** By room. */
  readonly #registrations = new Map<string, Registrations>()
  readonly #links = new Map<string, IntroducerLink>()
  /** Introducers that we are asking to register us, and until when they may take. */
  readonly #asking = new Map<string, number>()
  readonly #down = new Marks(256, 1)
  /** By introducer, which may name whom it likes: to whom it would not pass on, and who wrote to us through it. */
  readonly #refused = new Marks(MAX_LINKS, MAX_NAMED)
  readonly #heard = new Marks(MAX_LINKS, MAX_NAMED)
  /** By room. */
  readonly #announced = new Map<string, string>()
  #receive: ((envelope: Uint8Array, arrival: Arrival) => void) | undefined
  readonly #timers: SignalingTimers
  readonly #alarm: Alarm

  constructor(init: IntroducerPathInit) {
    this.#init = init
    this.#timers = init.timers ?? realTimers
    this.#alarm = new Alarm(this.#timers, () => this.#plan())
    this.#log = init.logger.forComponent('hearsay:signaling:introducer')
  }

  reaches(remotePeer: string): boolean {
    return this.intermediaries(remotePeer).length > 0
  }

  intermediaries(remotePeer: string): Intermediary[] {
    const now = this.#timers.now()
    const { directory, localPeer } = this.#init
    const peers = new Set([...directory.introducersOf(remotePeer), ...this.#heard.firstsOf(remotePeer, now)])
    const usable = [...peers].filter(
      (peer) =>
        peer !== localPeer &&
        peer !== remotePeer &&
        !this.#down.has(peer, '', now) &&
        !this.#refused.has(peer, remotePeer, now)
    )
    const connected = usable.filter((peer) => this.#isConnected(peer))
    const others = usable.filter((peer) => !connected.includes(peer) && directory.isDialable(peer))
    return [
      ...connected.map((peer) => ({ peer, isConnected: true })),
      ...others.map((peer) => ({ peer, isConnected: false }))
    ]
  }

  async send(remotePeer: string, envelope: Uint8Array, via?: string): Promise<void> {
    const introducer = via ?? this.intermediaries(remotePeer).at(0)?.peer
    if (introducer === undefined) {
      throw new PathUnavailableError(this.name, `nobody introduces us to ${remotePeer}`)
    }
    await this.#linkTo(introducer).send({ kind: 'envelope', envelope })
  }

  async start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void> {
    this.#receive = receive
    this.#plan()
  }

  /** Who could introduce us has changed: there is no need to wait for the next look at it. */
  refresh(): void {
    if (this.#receive === undefined) {
      return
    }
    this.#followRooms()
    if ([...this.#registrations.values()].some(({ isComplete }) => !isComplete)) {
      this.#plan()
    }
  }

  async stop(): Promise<void> {
    this.#receive = undefined
    this.#alarm.clear()
    await Promise.all([...this.#links.values()].map((link) => link.close()))
  }

  #isConnected(peer: string): boolean {
    return this.#links.get(peer)?.isOpen === true || this.#init.directory.isConnected(peer)
  }

  #linkTo(peer: string): IntroducerLink {
    const known = this.#links.get(peer)
    if (known !== undefined) {
      return known
    }
    if (this.#receive === undefined || this.#links.size >= MAX_LINKS) {
      throw new PathUnavailableError(this.name, 'it has been stopped, or too many introducers are in use')
    }
    const link = new IntroducerLink({
      connect: (options) => this.#init.directory.connect(peer, options),
      onIntroduction: (introduction) => this.#handle(peer, introduction),
      onEnd: (end) => this.#lose(peer, link, end),
      now: () => this.#timers.now(),
      log: this.#log
    })
    this.#links.set(peer, link)
    return link
  }

  #handle(via: string, introduction: Introduction): void {
    const now = this.#timers.now()
    const { peer } = { peer: undefined, ...introduction }
    if (introduction.kind === 'envelope' && peer !== undefined) {
      this.#heard.set(via, peer, now + IDLE_MS)
      this.#receive?.(introduction.envelope, { path: this.name, origin: peer, neighbour: via, via })
    } else if (introduction.kind === 'registered') {
      this.#asking.delete(via)
      for (const registrations of this.#registrations.values()) {
        registrations.handleRegistered(via, now)
      }
      this.#announce()
    } else if (introduction.kind === 'refused' && peer !== undefined) {
      this.#refused.set(via, peer, now + REFUSED_MS)
    } else if (introduction.kind === 'refused') {
      this.#fail(via, now)
    }
  }

  #lose(peer: string, link: IntroducerLink, end: LinkEnd): void {
    const now = this.#timers.now()
    if (this.#links.get(peer) === link) {
      this.#links.delete(peer)
      this.#init.directory.release(peer)
    }
    if (end !== 'ended') {
      this.#down.set(peer, '', now + DOWN_MS)
    }
    this.#fail(peer, now)
  }

  #fail(peer: string, now: number): void {
    this.#asking.delete(peer)
    for (const registrations of this.#registrations.values()) {
      registrations.handleFailed(peer, now)
    }
    this.#announce()
  }

  #announce(): void {
    for (const [room, { introducers }] of this.#registrations) {
      const text = introducers.toSorted().join(' ')
      if (this.#receive !== undefined && text !== (this.#announced.get(room) ?? '')) {
        this.#announced.set(room, text)
        this.#init.directory.announce(introducers, room)
      }
    }
  }

  #isIntroducer(peer: string): boolean {
    return [...this.#registrations.values()].some(({ introducers }) => introducers.includes(peer))
  }

  /** Those we have joined, and those we have left. */
  #followRooms(): void {
    const rooms = this.#init.directory.rooms?.() ?? ONLY_ROOM
    for (const room of rooms) {
      if (!this.#registrations.has(room)) {
        const wanted = this.#init.introducers ?? DEFAULT_INTRODUCERS
        this.#registrations.set(room, new Registrations({ wanted, random: Math.random }))
      }
    }
    for (const [room, { introducers }] of this.#registrations) {
      if (rooms.includes(room)) {
        continue
      }
      this.#registrations.delete(room)
      this.#announced.delete(room)
      for (const peer of introducers) {
        if (!this.#isIntroducer(peer)) {
          this.#end(peer)
        }
      }
    }
  }

  /** With the stream the registration ends; with a farewell the connection too, where it served nothing else. */
  #end(peer: string): void {
    const link = this.#links.get(peer)
    if (this.#init.directory.isBorrowed(peer)) {
      link?.farewell()
    } else {
      void link?.close()
    }
  }

  #plan(): void {
    const now = this.#timers.now()
    this.#alarm.set(now + TICK_MS)
    for (const [peer, until] of this.#asking) {
      if (until <= now) {
        this.#log('%s does not answer', peer)
        this.#fail(peer, now)
      }
    }
    this.#followRooms()
    for (const [room, registrations] of this.#registrations) {
      if (!registrations.isComplete) {
        const candidates = this.#init.directory
          .candidates(room)
          .filter(({ peer }) => !this.#down.has(peer, '', now))
        registrations.handleCandidates(candidates, now)
      }
      for (let peer = registrations.pollOutput(); peer; peer = registrations.pollOutput()) {
        this.#register(peer, now)
      }
    }
    this.#announce()
    for (const [peer, link] of this.#links) {
      const isIdle = now - link.usedAt > IDLE_MS && !this.#isIntroducer(peer)
      // A stream on a connection that stays costs nothing.
      if (isIdle && this.#init.directory.isBorrowed(peer)) {
        link.farewell()
      }
    }
  }

  #register(peer: string, now: number): void {
    this.#asking.set(peer, now + REGISTER_TIMEOUT_MS)
    const ask = async () => this.#linkTo(peer).send({ kind: 'register' })
    ask().catch((error: unknown) => {
      this.#log.trace('%s does not register us: %e', peer, error)
      this.#fail(peer, this.#timers.now())
    })
  }
}
