import { createSignaler, deriveRoom, Introducer } from '@hearsay/signaling'
import type { Arrival, Room, SignalerService, SignalingPath } from '@hearsay/signaling'
import { SeededRandom } from './seeded-random.ts'
import { settle, VirtualClock } from './virtual-clock.ts'

export interface SignalingSimulationOptions {
  /** Everything at random follows from it. */
  readonly seed: number
  readonly members: number
  /** What one hop takes, in milliseconds. @default 50 */
  readonly hopMs?: number
  /** Members that introduce each of them. @default 3 */
  readonly introducers?: number
}

/** What was handed from one member to the next, over all members. */
export interface SignalingTraffic {
  envelopes: number
  bytes: number
}

interface Member {
  readonly signaler: SignalerService
  readonly introducer: Introducer
  readonly introducers: string[]
  /** By the name of the path. */
  readonly receivers: Map<string, (envelope: Uint8Array, arrival: Arrival) => void>
}

/** What an offer and an answer weigh, compactly written and with a few candidates. */
const DESCRIPTION_BYTES = 240

/** So many of the members dial: the others are a room around them. */
const DIALERS = 8

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
  readonly #hopMs: number
  readonly #members = new Map<string, Member>()

  /** Starts all the members. */
  static async create(options: SignalingSimulationOptions): Promise<SignalingSimulation> {
    const simulation = new SignalingSimulation(options)
    const room = await deriveRoom({ name: 'simulation' })
    const { members, introducers = 3 } = options
    for (let i = 0; i < members; i++) simulation.#add(room)
    simulation.#register(introducers)
    for (const { signaler } of simulation.#members.values()) await signaler.start()
    return simulation
  }

  private constructor({ seed, hopMs = 50 }: SignalingSimulationOptions) {
    this.#random = new SeededRandom(seed)
    this.#hopMs = hopMs
  }

  /**
   * Has a member dial another of random choice over this path alone. All candidates stand in the offer and the answer, as
   * they do where there are no ICE servers to ask; whatever comes later takes the connection that has been made.
   *
   * @returns milliseconds of virtual time until the answer was there; undefined where none came
   */
  async connect(path: 'introducer' | 'gossip'): Promise<number | undefined> {
    const peers = [...this.#members.keys()]
    const from = this.#random.integer(0, Math.min(DIALERS, peers.length) - 1)
    const to = (from + this.#random.integer(1, peers.length - 1)) % peers.length
    const dialer = this.#member(peers[from])
    const target = this.#member(peers[to])
    const startedAt = this.#clock.now()
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

  #add(room: Room): void {
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
    this.#members.set(signaler.localPeer, { signaler, introducer, introducers, receivers })
  }

  #register(count: number): void {
    const peers = [...this.#members.keys()]
    for (const [index, peer] of peers.entries()) {
      const { introducers } = this.#member(peer)
      while (introducers.length < Math.min(count, peers.length - 1)) {
        const other = peers[(index + this.#random.integer(1, peers.length - 1)) % peers.length]
        if (introducers.includes(other)) continue
        introducers.push(other)
        this.#member(other).introducer.handleRegister(peer)
      }
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
    const { introducer } = this.#member(via)
    const now = this.#clock.now()
    if (!introducer.admits(from, envelope.length, now)) return
    const forwarding = introducer.handleEnvelope(from, envelope, now)
    if (forwarding.action !== 'forward') return
    this.#hop(envelope, () => {
      this.#deliver(forwarding.recipient, envelope, { path: 'introducer', origin: from, neighbour: via, via })
    })
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
    return this.#hopMs * Math.max(1, Math.ceil(Math.log(others) / Math.log(6)))
  }

  #hop(envelope: Uint8Array, arrive: () => void): void {
    this.#count(envelope, 1)
    this.#clock.setTimeout(arrive, this.#hopMs)
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
