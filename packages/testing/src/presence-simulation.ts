import {
  DEFAULT_MAX_MEMBERS,
  encodePresenceRecord,
  knownRecord,
  MAX_TTL_MS,
  PresenceCore,
  TTL_PER_MEMBER_MS
} from 'hearsay/presence'
import { SeededRandom } from './seeded-random.ts'
import { SharedEntries } from './shared-entries.ts'
import { Timeline } from './timeline.ts'
import type { KnownRecord, PresenceOutput, PresenceRecord, RecordArrival } from 'hearsay/presence'

export interface PresenceSimulationOptions {
  /** Everything at random follows from it. */
  readonly seed: number
  /** What one hop takes, in milliseconds. @default 50 */
  readonly hopMs?: number
  /** How long members ask to be remembered at least, in milliseconds. @default 120_000 */
  readonly ttlMs?: number
  /** How many members each of them remembers. @default 4_096, as without simulation */
  readonly maxMembers?: number
}

export interface AddOptions {
  /** When the process began, by its own clock. @default now */
  readonly startedAtMs?: number
  /** Whose key it has. @default its name */
  readonly peerId?: string
}

/** What was sent since the last `resetTraffic()`, by all members together. */
export interface PresenceTraffic {
  /** Frames between neighbours. */
  frames: number
  /** … with what carries them: length, stream, encryption, TCP and IP. */
  bytes: number
  /** Copies of records that were said to the whole room, one for each neighbour that a member passed one on to. */
  gossiped: number
  gossipedBytes: number
  /** Signatures verified. */
  verified: number
}

export interface SimulatedMember {
  /** What the simulation calls it; two processes of one identity have two names. */
  readonly name: string
  readonly peerId: string
  readonly core: PresenceCore
  /** By the name of who is at the other end. */
  readonly links: Map<string, string>
  isAlive: boolean
}

interface Member extends SimulatedMember {
  readonly instance: Uint8Array
  /** It says its record to the whole room, once. */
  announces: boolean
  wakeAt: number
}

/**
 * What carries a frame over a session: its length (2 bytes), the stream's header (12), that of the channel (3), SCTP
 * (28), DTLS (37), UDP and IPv4 (28); and what acknowledges it, a packet of 93 bytes.
 */
const FRAME_OVERHEAD_BYTES = 203

/** The same, and what gossipsub adds: topic, origin, sequence number, key and signature. */
const GOSSIP_OVERHEAD_BYTES = FRAME_OVERHEAD_BYTES + 220

/** Version, nonce and tag of a sealed record; key, type and signature of the envelope inside. */
const SEAL_BYTES = 41 + 132

const ADDRESSES = [
  Uint8Array.of(4, 10, 0, 0, 1, 6, 0x0f, 0xa1),
  Uint8Array.of(4, 10, 0, 0, 1, 6, 0x0f, 0xa2, 0xdd, 3)
]

/**
 * A room's presence on a virtual clock: any number of members joined by links that take so long and lose nothing. The
 * members are the real core; signatures are not made, and records are told apart by their bytes.
 */
export class PresenceSimulation {
  readonly members = new Map<string, SimulatedMember>()
  readonly random: SeededRandom
  readonly #members = new Map<string, Member>()
  readonly #options: Required<Omit<PresenceSimulationOptions, 'seed'>>
  readonly #timeline = new Timeline()
  readonly #entries = new SharedEntries()
  readonly #bySealed = new Map<Uint8Array, KnownRecord>()
  /** The two ends of each link, by name. */
  readonly #ends = new Map<string, readonly [string, string]>()
  readonly #listeners: ((name: string, output: PresenceOutput) => void)[] = []
  #links = 0
  #traffic = noTraffic()

  constructor(options: PresenceSimulationOptions) {
    const { seed, hopMs = 50, ttlMs = 120_000, maxMembers = DEFAULT_MAX_MEMBERS } = options
    this.random = new SeededRandom(seed)
    this.#options = { hopMs, ttlMs, maxMembers }
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#timeline.now
  }

  get traffic(): Readonly<PresenceTraffic> {
    return this.#traffic
  }

  resetTraffic(): void {
    this.#traffic = noTraffic()
  }

  /** Calls back with whatever a member says of others: discovered, updated, left, superseded. */
  onOutput(listener: (name: string, output: PresenceOutput) => void): void {
    this.#listeners.push(listener)
  }

  /** A member begins, with no link. */
  add(name: string, options?: AddOptions): SimulatedMember {
    const member = this.#create(name, options)
    member.core.handleChange(this.now)
    this.#drain(member)
    return member
  }

  /**
   * So many members that know each other already, or as many of the others as their tables hold. Their next renewals
   * are spread evenly, as they come to be in a room that nobody joins or leaves.
   */
  addSettled(count: number): SimulatedMember[] {
    const { ttlMs, maxMembers } = this.#options
    const countsMs = Math.min(Math.max(ttlMs, Math.min(count, maxMembers) * TTL_PER_MEMBER_MS), MAX_TTL_MS)
    this.#entries.reserve(count)
    const added = Array.from({ length: count }, (_, index) => this.#create(`m${index}`))
    const records = added.map((member) => this.#record(member, { sequence: 0, ttlMs: countsMs, gone: false }))
    for (const [index, member] of added.entries()) {
      const { table } = member.core
      member.announces = false
      member.core.handleSealed(records[index], this.now)
      for (const known of this.#sample(records, maxMembers + 1)) {
        if (known.peerId === member.peerId || table.isFull) continue
        table.handleRecord(known, { neighbour: known.peerId, makesRoom: true }, this.now)
        // What it has to say of them is old news.
        while (table.pollOutput() !== undefined);
      }
      this.#timeline.add(this.now + this.random.number() * 0.6 * countsMs, () => {
        if (!member.isAlive) return
        member.core.handleChange(this.now)
        this.#drain(member)
      })
      this.#drain(member)
    }
    return added
  }

  /** Two members become neighbours; `a` has opened the connection. */
  link(a: string, b: string): void {
    const [one, other] = [this.#member(a), this.#member(b)]
    if (a === b || one.links.has(b)) return
    const id = `l${this.#links++}`
    one.links.set(b, id)
    other.links.set(a, id)
    this.#ends.set(id, [a, b])
    // A round trip for the hellos.
    this.#timeline.add(this.now + 2 * this.#options.hopMs, () => {
      if (one.links.get(b) !== id) return
      one.core.handleLinkOpen(id, other.peerId, true, this.now)
      other.core.handleLinkOpen(id, one.peerId, false, this.now)
      for (const member of [one, other]) {
        if (member.announces) member.core.handleAudience(this.now)
        this.#drain(member)
      }
    })
  }

  /** The connection is gone, and what was under way on it. */
  unlink(a: string, b: string): void {
    const [one, other] = [this.#member(a), this.#member(b)]
    const id = one.links.get(b)
    if (id === undefined) return
    one.links.delete(b)
    other.links.delete(a)
    this.#ends.delete(id)
    for (const member of [one, other]) {
      member.core.handleLinkClosed(id, this.now)
      this.#drain(member)
    }
  }

  /** Links each member to so many others, chosen at random among those before it. */
  linkAtRandom(names: readonly string[], links: number): void {
    for (const [index, name] of names.entries()) {
      for (let made = 0; made < Math.min(links, index); made++) {
        this.link(name, names[this.random.integer(0, index - 1)])
      }
    }
  }

  /** The member says goodbye and is gone. */
  leave(name: string): void {
    const member = this.#member(name)
    member.core.handleClose()
    this.#drain(member)
    this.#timeline.add(this.now + 2 * this.#options.hopMs, () => {
      this.kill(name)
    })
  }

  /** The member is gone without a word. */
  kill(name: string): void {
    const member = this.#members.get(name)
    if (member === undefined) return
    for (const other of [...member.links.keys()]) this.unlink(name, other)
    member.isAlive = false
    this.#members.delete(name)
    this.members.delete(name)
  }

  /** Lets so much time pass. */
  run(durationMs: number): void {
    this.#timeline.run(durationMs)
  }

  /** @returns milliseconds until `condition` held; it is looked at every `stepMs` @throws {Error} not within `limitMs` */
  runUntil(condition: () => boolean, limitMs: number, stepMs = 50): number {
    return this.#timeline.runUntil(condition, limitMs, stepMs)
  }

  #member(name: string): Member {
    const member = this.#members.get(name)
    if (member === undefined) throw new RangeError(`nobody is called ${name}`)
    return member
  }

  #create(name: string, { startedAtMs = this.now, peerId = name }: AddOptions = {}): Member {
    const instance = new Uint8Array(16)
    new DataView(instance.buffer).setBigUint64(0, BigInt(Math.floor(startedAtMs)))
    instance.set(this.random.bytes(8), 8)
    const core = new PresenceCore({
      localPeer: peerId,
      instance,
      random: () => this.random.number(),
      ttlMs: this.#options.ttlMs,
      maxMembers: this.#options.maxMembers,
      store: this.#entries.createStore()
    })
    const member = {
      name,
      peerId,
      core,
      instance,
      links: new Map(),
      isAlive: true,
      announces: true,
      wakeAt: Infinity
    }
    this.#members.set(name, member)
    this.members.set(name, member)
    return member
  }

  /** So many of the records, chosen at random, as far as one step all around them is. */
  *#sample(records: readonly KnownRecord[], count: number): Generator<KnownRecord, undefined> {
    const { length } = records
    let step = this.random.integer(1, length)
    while (greatestCommonDivisor(step, length) > 1) step = this.random.integer(1, length)
    let index = this.random.integer(0, length - 1)
    for (let taken = 0; taken < Math.min(count, length); taken++) {
      yield records[index]
      index = (index + step) % length
    }
  }

  #drain(member: Member): void {
    const { core } = member
    for (let output = core.pollOutput(); output !== undefined; output = core.pollOutput()) {
      this.#handle(member, output)
    }
    this.#wake(member)
  }

  #wake(member: Member): void {
    const at = Math.max(member.core.pollTimeout() ?? Infinity, this.now)
    if (at >= member.wakeAt || at === Infinity) return
    member.wakeAt = at
    this.#timeline.add(at, () => {
      if (member.wakeAt !== at || !member.isAlive) return
      member.wakeAt = Infinity
      member.core.handleTimeout(this.now)
      this.#drain(member)
    })
  }

  #handle(member: Member, output: PresenceOutput): void {
    switch (output.type) {
      case 'send':
        this.#send(member, output.link, output.frame)
        break
      case 'open':
        this.#open(member, output.arrival)
        break
      case 'seal': {
        const known = this.#record(member, output)
        member.core.handleSealed(known, this.now)
        break
      }
      case 'publish':
        this.#gossip(member, output.sealed)
        break
      case 'close': {
        const ends = this.#ends.get(output.link)
        if (ends !== undefined) this.unlink(...ends)
        break
      }
      default:
        for (const listener of this.#listeners) listener(member.name, output)
    }
  }

  #send(member: Member, link: string, frame: Uint8Array): void {
    this.#traffic.frames++
    this.#traffic.bytes += frame.length + FRAME_OVERHEAD_BYTES
    const ends = this.#ends.get(link)
    const other = ends && this.#members.get(ends[0] === member.name ? ends[1] : ends[0])
    if (other === undefined) return
    this.#timeline.add(this.now + this.#options.hopMs, () => {
      if (other.links.get(member.name) !== link) return
      other.core.handleFrame(link, frame, this.now)
      this.#drain(other)
    })
  }

  #open(member: Member, arrival: RecordArrival): void {
    const known = this.#entries.record(arrival.fingerprint)
    if (known === undefined) member.core.handleUnsound(arrival, this.now)
    else if (member.core.isNews(known.peerId, known.record, arrival, this.now)) {
      this.#traffic.verified++
      member.core.handleOpened(arrival, known, this.now)
    } else member.core.handleStale(arrival, known.peerId, known.record, this.now)
  }

  /** Passed on by everybody who had not heard it to all neighbours but the one it came from. */
  #gossip(from: Member, sealed: Uint8Array): void {
    const known = this.#bySealed.get(sealed)
    if (known === undefined) return
    const heard = new Set([from.name])
    const pass = (member: Member, source: string | undefined): void => {
      for (const name of member.links.keys()) {
        if (name === source) continue
        this.#traffic.gossiped++
        this.#traffic.gossipedBytes += sealed.length + GOSSIP_OVERHEAD_BYTES
        this.#timeline.add(this.now + this.#options.hopMs, () => {
          const other = this.#members.get(name)
          if (other === undefined || heard.has(name)) return
          heard.add(name)
          if (other.core.table.isNews(known.peerId, known.record)) {
            this.#traffic.verified++
            other.core.handlePublished(known, member.peerId, this.now)
            this.#drain(other)
          }
          pass(other, member.name)
        })
      }
    }
    pass(from, undefined)
  }

  #record(
    { peerId, instance }: Member,
    { sequence, ttlMs, gone }: { sequence: number; ttlMs: number; gone: boolean }
  ): KnownRecord {
    const record: PresenceRecord = {
      instance,
      sequence,
      ttlMs,
      addresses: gone ? [] : ADDRESSES,
      introducers: [],
      services: [],
      gone,
      settled: 0
    }
    const sealed = new Uint8Array(SEAL_BYTES + INTRODUCER_BYTES + encodePresenceRecord(record).length)
    sealed.set(this.random.bytes(24), 1)
    const known = knownRecord(peerId, record, sealed)
    this.#entries.addRecord(known)
    this.#bySealed.set(known.sealed, known)
    return known
  }
}

/** Three introducers, 34 bytes each: they are not worth parsing ten thousand times. */
const INTRODUCER_BYTES = 3 * 34

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function noTraffic(): PresenceTraffic {
  return { frames: 0, bytes: 0, gossiped: 0, gossipedBytes: 0, verified: 0 }
}
