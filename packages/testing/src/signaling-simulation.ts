import { createSignaler, deriveRoom, Introducer } from '@hearsay/signaling'
import { HostileIntroducer } from './hostile-introducer.ts'
import { SeededRandom } from './seeded-random.ts'
import { settle, VirtualClock } from './virtual-clock.ts'
import type { Delivery, Mischief } from './hostile-introducer.ts'
import type { Arrival, Room, SignalerService, SignalingPath } from '@hearsay/signaling'

export interface SignalingSimulationOptions {
  /** Everything at random follows from it. */
  readonly seed: number
  readonly members: number
  /** What one hop takes, in milliseconds. @default 50 */
  readonly hopMs?: number
  /** … and up to so much more, by chance. @default 0 */
  readonly jitterMs?: number
  /** Members that introduce each of them. @default 3 */
  readonly introducers?: number
  /** So many of the members dial, in turn: the others are a room around them. @default 8 */
  readonly dialers?: number
  /** Members that are there besides, as many again, and how many of each member's introducers are among them. */
  readonly hostile?: { readonly mischief: Mischief; readonly introducers: number }
}

/** What was handed from one member to the next, over all members. */
export interface SignalingTraffic {
  envelopes: number
  bytes: number
}

interface Member {
  readonly signaler: SignalerService
  readonly introducer: Introducer
  readonly hostile: HostileIntroducer | undefined
  readonly introducers: string[]
  /** By the name of the path. */
  readonly receivers: Map<string, (envelope: Uint8Array, arrival: Arrival) => void>
}

/** What an offer and an answer weigh, compactly written and with a few candidates. */
const DESCRIPTION_BYTES = 240

const DIALERS = 8

/** A flood lasts longer than any dial that it should not hinder: 5,000 envelopes a second by each who floods. */
const FLOOD_MS = 300
const FLOOD_TICK_MS = 10
const FLOOD_PER_TICK = 50

/** A dial that takes longer has failed. */
const DIAL_LIMIT_MS = 10_000

/**
 * A room's signaling on a virtual clock: any number of real signalers and introducers, joined by hops that take so long
 * and lose nothing. Gossip costs what it must at least: everybody in the room gets every envelope once.
 */
export class SignalingSimulation {
  readonly traffic: SignalingTraffic = { envelopes: 0, bytes: 0 }
  readonly #clock = new VirtualClock()
  readonly #random: SeededRandom
  readonly #options: SignalingSimulationOptions
  readonly #members = new Map<string, Member>()
  /** Those of them that dial and are dialed. */
  readonly #honest: string[] = []
  #dials = 0

  /** Starts all the members. */
  static async create(options: SignalingSimulationOptions): Promise<SignalingSimulation> {
    const simulation = new SignalingSimulation(options)
    const room = await deriveRoom({ name: 'simulation' })
    for (let i = 0; i < options.members; i++) simulation.#honest.push(simulation.#add(room))
    const hostile = Array.from({ length: options.hostile === undefined ? 0 : options.members }, () =>
      simulation.#add(room, options.hostile?.mischief)
    )
    simulation.#register(hostile)
    for (const { signaler } of simulation.#members.values()) await signaler.start()
    return simulation
  }

  private constructor(options: SignalingSimulationOptions) {
    this.#random = new SeededRandom(options.seed)
    this.#options = options
  }

  /**
   * Has the next of those who dial reach another member of random choice over this path alone. All candidates stand in
   * the offer and the answer, as they do where there are no ICE servers to ask; whatever comes later takes the connection
   * that has been made.
   *
   * @returns milliseconds of virtual time until the answer was there; undefined where none came
   */
  async connect(path: 'introducer' | 'gossip'): Promise<number | undefined> {
    const peers = this.#honest
    const from = this.#dials++ % Math.min(this.#options.dialers ?? DIALERS, peers.length)
    const to = (from + this.#random.integer(1, peers.length - 1)) % peers.length
    const dialer = this.#member(peers[from])
    const target = this.#member(peers[to])
    const startedAt = this.#clock.now()
    this.#flood(target, startedAt + FLOOD_MS)
    let tookMs: number | undefined
    target.signaler.setOfferHandler((offer) => {
      offer.answer(this.#random.bytes(DESCRIPTION_BYTES))
    })
    dialer.signaler.observeInstance(target.signaler.localPeer, target.signaler.instance)
    const dialed = dialer.signaler
      .dial(target.signaler.localPeer, this.#random.bytes(DESCRIPTION_BYTES), {
        paths: [path],
        timeoutMs: DIAL_LIMIT_MS
      })
      .then(
        (outcome) => {
          if (outcome.outcome !== 'answered') return
          tookMs = this.#clock.now() - startedAt
        },
        () => undefined
      )
    await this.#clock.advance(DIAL_LIMIT_MS + 1_000)
    await dialed
    return tookMs
  }

  async stop(): Promise<void> {
    for (const { signaler } of this.#members.values()) await signaler.stop()
    await settle()
  }

  #add(room: Room, mischief?: Mischief): string {
    const receivers: Member['receivers'] = new Map()
    const introducers: string[] = []
    const signaler = createSignaler({
      privateKey: this.#random.bytes(32),
      rooms: [room],
      paths: [
        this.#introducerPath(receivers, () => signaler.localPeer),
        this.#gossipPath(receivers, () => signaler.localPeer)
      ],
      timers: this.#clock,
      randomBytes: (length) => this.#random.bytes(length),
      startTimeMs: this.#clock.now()
    })
    const introducer = new Introducer({}, this.#clock.now())
    const hostile = mischief === undefined ? undefined : new HostileIntroducer(mischief, this.#random)
    this.#members.set(signaler.localPeer, { signaler, introducer, hostile, introducers, receivers })
    return signaler.localPeer
  }

  #register(hostile: readonly string[]): void {
    const wanted = Math.min(this.#options.introducers ?? 3, this.#honest.length - 1)
    const bad = this.#options.hostile?.introducers ?? 0
    for (const peer of this.#honest) {
      const { introducers } = this.#member(peer)
      while (introducers.length < wanted) {
        const other = this.#random.pick(introducers.length < bad ? hostile : this.#honest)
        if (other === peer || introducers.includes(other)) continue
        introducers.push(other)
        this.#member(other).introducer.handleRegister(peer)
      }
      // Nobody names the bad ones first.
      introducers.sort(() => this.#random.number() - 0.5)
    }
  }

  #member(peer: string): Member {
    const member = this.#members.get(peer)
    if (member === undefined) throw new RangeError(`nobody is ${peer}`)
    return member
  }

  #introducerPath(receivers: Member['receivers'], localPeer: () => string): SignalingPath {
    return {
      name: 'introducer',
      cost: 20,
      reaches: (peer) => this.#members.has(peer),
      intermediaries: (peer) =>
        this.#member(peer).introducers.map((via) => ({ peer: via, isConnected: true })),
      send: (_to, envelope, via) => {
        if (via !== undefined) {
          this.#hop(envelope, () => {
            this.#introduce(via, localPeer(), envelope)
          })
        }
        return Promise.resolve()
      },
      ...receiving('introducer', receivers)
    }
  }

  #introduce(via: string, from: string, envelope: Uint8Array): void {
    const { introducer, hostile } = this.#member(via)
    const now = this.#clock.now()
    if (!introducer.admits(from, envelope.length, now)) return
    const forwarding = introducer.handleEnvelope(from, envelope, now)
    if (forwarding.action !== 'forward') return
    const due = { to: forwarding.recipient, envelope, origin: from, delayMs: 0 }
    for (const delivery of hostile?.handle(due) ?? [due]) this.#bring(via, delivery)
  }

  #bring(via: string, delivery: Delivery): void {
    this.#hop(
      delivery.envelope,
      () => {
        this.#hand(via, delivery)
      },
      delivery.delayMs
    )
  }

  #hand(via: string, { to, envelope, origin }: Delivery): void {
    this.#deliver(to, envelope, { path: 'introducer', origin, neighbour: via, via })
  }

  /** What is said by the hostile ones among the target's introducers, which are connected to it. */
  #flood(target: Member, until: number): void {
    if (this.#options.hostile?.mischief !== 'flooding' || this.#clock.now() >= until) return
    for (const via of target.introducers) {
      const { hostile } = this.#member(via)
      for (const each of hostile?.flood(target.signaler.localPeer, this.#honest, FLOOD_PER_TICK) ?? []) {
        this.#hand(via, each)
      }
    }
    this.#clock.setTimeout(() => {
      this.#flood(target, until)
    }, FLOOD_TICK_MS)
  }

  #gossipPath(receivers: Member['receivers'], localPeer: () => string): SignalingPath {
    return {
      name: 'gossip',
      cost: 100,
      kind: 'broadcast',
      reaches: () => true,
      send: (_to, envelope) => {
        const from = localPeer()
        const others = [...this.#members.keys()].filter((peer) => peer !== from)
        this.#count(envelope, others.length)
        this.#clock.setTimeout(() => {
          for (const peer of others) {
            this.#deliver(peer, envelope, { path: 'gossip', origin: from, neighbour: from })
          }
        }, this.#gossipMs(others.length))
        return Promise.resolve()
      },
      ...receiving('gossip', receivers)
    }
  }

  /** Six neighbours each: as many hops as it takes to have met everybody. */
  #gossipMs(others: number): number {
    const { hopMs = 50 } = this.#options
    return hopMs * Math.max(1, Math.ceil(Math.log(others) / Math.log(6)))
  }

  #hop(envelope: Uint8Array, arrive: () => void, delayMs = 0): void {
    const { hopMs = 50, jitterMs = 0 } = this.#options
    this.#count(envelope, 1)
    this.#clock.setTimeout(arrive, delayMs + hopMs + jitterMs * this.#random.number())
  }

  #count(envelope: Uint8Array, copies: number): void {
    this.traffic.envelopes += copies
    this.traffic.bytes += copies * envelope.length
  }

  #deliver(to: string, envelope: Uint8Array, arrival: Arrival): void {
    this.#members.get(to)?.receivers.get(arrival.path)?.(envelope, arrival)
  }
}

function receiving(name: string, receivers: Member['receivers']): Pick<SignalingPath, 'start' | 'stop'> {
  return {
    start: (receive) => {
      receivers.set(name, receive)
      return Promise.resolve()
    },
    stop: () => {
      receivers.delete(name)
      return Promise.resolve()
    }
  }
}
