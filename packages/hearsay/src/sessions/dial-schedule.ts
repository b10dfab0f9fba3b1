import { backoffMs } from '../backoff.ts'
import { PeerRing } from '../peer-ring.ts'

export interface DialScheduleOptions {
  localPeer: string
  /** Orders peer IDs by public-key bytes, as signaling does. */
  compare: (a: string, b: string) => number
  /** Sessions held at once, made by either side. */
  maxConnections: number
  /** Uniform in [0, 1). */
  random: () => number
}

/** How a session came to nothing or ended. */
export type SessionOutcome =
  /** It was up, and the other side or the network ended it. */
  | 'ended'
  /** One side needed the room for another. */
  | 'displaced'
  /** The peer is there, and negotiation or ICE failed. */
  | 'failed'
  /** The peer is there and said no. */
  | 'refused'
  /** Nobody answered on any path. */
  | 'unanswered'
  /** We did not get to ask, or did not wait. */
  | 'unasked'
  /** We would not let it in. */
  | 'unwanted'

/** By these we know that the peer lives, … */
const SPOKE: ReadonlySet<SessionOutcome> = new Set(['ended', 'displaced', 'failed', 'refused'])

/** … and after these there is no hurry. */
const PATIENT: ReadonlySet<SessionOutcome> = new Set(['displaced', 'refused', 'unwanted'])

/** What is to be done, and to be known. */
export type ScheduleOutput =
  | { readonly type: 'dial'; readonly peerId: string }
  /** Nobody answers where that member is said to be. */
  | { readonly type: 'lost'; readonly peerId: string }
  /** … and now it was heard of anew. */
  | { readonly type: 'found'; readonly peerId: string }

/**
 * The lower peer ID dials at once, the higher one only if nothing came for so long, unless the lower is passive. It
 * saves nearly all glare, which costs both sides a handshake; an answer takes far less, except when a whole room starts
 * at the same moment.
 */
const YIELD_MS = 1_500

/**
 * A newcomer names its introducers in its second record: who dials it on the first has to ask the whole room to pass the
 * offer on. Longer than it takes to register with three.
 */
const UNREACHABLE_MS = 750

/** Dials under way at once. Each gathers, encrypts and checks; more at a time only make all of them late. */
const MAX_PENDING = 8

const FAILURE_BACKOFF = { baseMs: 1_000, maxMs: 60_000 }

/**
 * A refusal is a decision, not a fault: asking again soon is rude and changes nothing. And a dial that nobody answers
 * ends with asking the whole room, which all pay for, by all who miss the member.
 */
const PATIENT_BACKOFF = { baseMs: 15_000, maxMs: 600_000 }

/**
 * A member is lost after so many dials in a row that nobody answered: one may have met a path that was just failing. A
 * relay that keeps answers from us gets no further than that: all paths would have to be its own, and the member's own
 * dials too.
 */
const UNANSWERED = 2

/**
 * Part of the limit that is not filled unasked: it is for dials that somebody asks for, and for those of others. Without
 * any, members at their limits would displace each other's sessions for ever. At least one, from this limit on.
 */
const RESERVE = 1 / 8
const LEAST_RESERVING = 3

/** Next to us in the order of peer IDs, on either side: whom the ring of each room needs, where not all can be had. */
const RING_NEIGHBOURS = 2

/** The name of the room where there is one. */
const ONLY_ROOM = ['']

/** What presence tells of a member that matters for when to dial it. */
export interface MemberTraits {
  /** It does not dial us: it never dials unbidden, or has sessions enough. So there is nothing to wait for. */
  readonly isPassive: boolean
  /** An offer gets to it without the whole room's help; where not, it is given a moment. */
  readonly isReachable: boolean
  /** Our rooms that it is in, each a ring of its own. @default one */
  readonly rooms?: readonly string[]
}

interface Candidate {
  state: 'waiting' | 'dialing' | 'connected'
  dialAt: number
  /** Not before, however reachable it is. */
  turnAt: number
  failures: number
  /** Dials in a row that nobody answered. */
  unanswered: number
  isPassive: boolean
  rooms: readonly string[]
}

/** Whom to connect to, and when: a sans-IO core that is told of members and sessions and says whom to dial. */
export class DialSchedule {
  readonly #options: DialScheduleOptions
  readonly #candidates = new Map<string, Candidate>()
  /** The candidates in each room, in their order, but for those that are lost: they keep nobody from being next. */
  readonly #rings = new Map<string, PeerRing>()
  readonly #lost = new Set<string>()
  readonly #outputs: ScheduleOutput[] = []
  /** Sessions, dials under way and offers being answered, whoever asked for them. */
  readonly #taken = new Set<string>()

  constructor(options: DialScheduleOptions) {
    this.#options = options
  }

  /** Whether one more session, with this peer, fits below the limit. */
  hasRoomFor(peerId: string): boolean {
    return this.#taken.has(peerId) || this.#taken.size < this.#options.maxConnections
  }

  /** There are as many sessions as members are dialed for that nobody has asked for. */
  get isFull(): boolean {
    return this.#taken.size >= this.#unasked
  }

  /** Whether dials to that member go unanswered, and nothing was heard of it since. */
  isLost(peerId: string): boolean {
    return this.#lost.has(peerId)
  }

  get lost(): ReadonlySet<string> {
    return this.#lost
  }

  /** A record of the member came that is newer than those before: it lived when it signed it. */
  handleMember(peerId: string, traits: MemberTraits, now: number): void {
    const { isPassive, isReachable, rooms = ONLY_ROOM } = traits
    const known = this.#candidates.get(peerId)
    if (known !== undefined) {
      known.isPassive = isPassive
      this.handleRooms(peerId, rooms)
      this.handleHeard(peerId, now)
      if (isReachable) known.dialAt = Math.max(known.turnAt, Math.min(known.dialAt, now))
      return
    }
    if (peerId === this.#options.localPeer) return
    const state = this.#taken.has(peerId) ? 'connected' : 'waiting'
    const turnAt = now + this.#turnMs(peerId, isPassive)
    const dialAt = isReachable ? turnAt : Math.max(turnAt, now + UNREACHABLE_MS)
    this.#candidates.set(peerId, { state, dialAt, turnAt, failures: 0, unanswered: 0, isPassive, rooms: [] })
    this.handleRooms(peerId, rooms)
  }

  /** The rooms of ours that the member is in have changed. */
  handleRooms(peerId: string, rooms: readonly string[]): void {
    const candidate = this.#candidates.get(peerId)
    const { rooms: before = [] } = candidate ?? {}
    const areSame = before.length === rooms.length && rooms.every((room, index) => room === before[index])
    if (candidate === undefined || areSame) return
    this.#leaveRings(peerId, candidate)
    candidate.rooms = rooms
    if (!this.isLost(peerId)) this.#enterRings(peerId, candidate)
  }

  /** The peer lives: something came that only it can have said. */
  handleHeard(peerId: string, now: number): void {
    const candidate = this.#candidates.get(peerId)
    if (candidate !== undefined && this.isLost(peerId)) this.#startAnew(candidate, peerId, now)
  }

  handleMemberLeft(peerId: string): void {
    this.handleRooms(peerId, [])
    this.#candidates.delete(peerId)
    this.#lost.delete(peerId)
  }

  /** The peer came back as a new process: whatever it refused or failed at is of the past. */
  handleMemberRestarted(peerId: string, now: number): void {
    const candidate = this.#candidates.get(peerId)
    if (candidate?.state === 'waiting') this.#startAnew(candidate, peerId, now)
  }

  /** A session with this peer is being made, by whichever side: it counts from now on. */
  handleSession(peerId: string): void {
    this.#taken.add(peerId)
    const candidate = this.#candidates.get(peerId)
    if (candidate !== undefined) candidate.state = 'dialing'
  }

  handleConnected(peerId: string): void {
    this.#taken.add(peerId)
    const candidate = this.#candidates.get(peerId)
    if (candidate === undefined) return
    candidate.state = 'connected'
    candidate.failures = 0
    this.#note(candidate, peerId, 0)
  }

  /** Told twice, it counts once. */
  handleEnded(peerId: string, outcome: SessionOutcome, now: number): void {
    if (!this.#taken.delete(peerId)) return
    const candidate = this.#candidates.get(peerId)
    if (candidate === undefined) return
    candidate.state = 'waiting'
    candidate.failures++
    if (outcome === 'unanswered') this.#note(candidate, peerId, candidate.unanswered + 1)
    else if (SPOKE.has(outcome)) this.#note(candidate, peerId, 0)
    const backoff = PATIENT.has(outcome) || this.isLost(peerId) ? PATIENT_BACKOFF : FAILURE_BACKOFF
    candidate.turnAt =
      now +
      this.#turnMs(peerId, candidate.isPassive) +
      backoffMs(backoff, candidate.failures, this.#options.random())
    candidate.dialAt = candidate.turnAt
  }

  handleTimeout(now: number): void {
    if (this.isFull) return
    let dialing = 0
    const due: string[] = []
    for (const [peerId, { state, dialAt }] of this.#candidates) {
      if (state === 'dialing') dialing++
      else if (state === 'waiting' && dialAt <= now) due.push(peerId)
    }
    if (due.length === 0 || dialing >= MAX_PENDING) return
    const near = this.#ringNeighbours()
    while (due.length > 0 && dialing < MAX_PENDING && !this.isFull) {
      // At random, so that in a room beyond everybody's limit not all choose the same few.
      const next = due.findIndex((peerId) => near.has(peerId))
      const chosen = next === -1 ? Math.floor(this.#options.random() * due.length) : next
      const [peerId] = due.splice(chosen, 1)
      dialing++
      this.handleSession(peerId)
      this.#outputs.push({ type: 'dial', peerId })
    }
  }

  pollOutput(): ScheduleOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next, or nothing. */
  pollTimeout(): number | undefined {
    if (this.isFull) return undefined
    let next = Number.POSITIVE_INFINITY
    let dialing = 0
    for (const { state, dialAt } of this.#candidates.values()) {
      if (state === 'dialing') dialing++
      else if (state === 'waiting') next = Math.min(next, dialAt)
    }
    return dialing < MAX_PENDING && Number.isFinite(next) ? next : undefined
  }

  /** Sessions up to which members are dialed that nobody has asked for. */
  get #unasked(): number {
    const { maxConnections } = this.#options
    if (maxConnections < LEAST_RESERVING) return maxConnections
    return maxConnections - Math.max(1, Math.floor(maxConnections * RESERVE))
  }

  #ringNeighbours(): ReadonlySet<string> {
    // While all can be had, the order does not matter.
    if (this.#candidates.size <= this.#unasked) return new Set()
    const { localPeer } = this.#options
    return new Set([...this.#rings.values()].flatMap((ring) => [...ring.around(localPeer, RING_NEIGHBOURS)]))
  }

  #enterRings(peerId: string, { rooms }: Candidate): void {
    for (const room of rooms) {
      const ring = this.#rings.get(room) ?? new PeerRing(this.#options.compare)
      this.#rings.set(room, ring)
      ring.add(peerId)
    }
  }

  #leaveRings(peerId: string, { rooms }: Candidate): void {
    for (const room of rooms) {
      const ring = this.#rings.get(room)
      ring?.delete(peerId)
      if (ring?.size === 0) this.#rings.delete(room)
    }
  }

  #startAnew(candidate: Candidate, peerId: string, now: number): void {
    this.#note(candidate, peerId, 0)
    candidate.failures = 0
    candidate.turnAt = now + this.#turnMs(peerId, candidate.isPassive)
    candidate.dialAt = candidate.turnAt
  }

  /** Tells of a member that is lost, or found. */
  #note(candidate: Candidate, peerId: string, unanswered: number): void {
    candidate.unanswered = unanswered
    const isLost = unanswered >= UNANSWERED
    if (isLost === this.isLost(peerId)) return
    if (isLost) {
      this.#lost.add(peerId)
      this.#leaveRings(peerId, candidate)
    } else {
      this.#lost.delete(peerId)
      this.#enterRings(peerId, candidate)
    }
    this.#outputs.push({ type: isLost ? 'lost' : 'found', peerId })
  }

  #turnMs(peerId: string, isPassive: boolean): number {
    return isPassive || this.#options.compare(this.#options.localPeer, peerId) < 0 ? 0 : YIELD_MS
  }
}
