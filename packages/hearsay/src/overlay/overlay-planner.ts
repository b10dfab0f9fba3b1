import { PeerRing } from '../peer-ring.ts'
import { OverlayCandidate, STABLE_MS } from './overlay-candidate.ts'
import { PendingDials } from './pending-dials.ts'

/** What a link goes over: a session that stands, or an address of the network. */
export type LinkKind = 'session' | 'network'

/** Whom the planner wants to be linked to. */
export type OverlayDial =
  /** A peer ID: by the session with it, or by the addresses that it announces. */
  | { readonly kind: 'session' | 'member'; readonly target: string }
  /** A multiaddr of the option `bootstrap`. */
  | { readonly kind: 'bootstrap'; readonly target: string }

export type OverlayOutput = OverlayDial | { readonly kind: 'close'; readonly target: string }

export interface OverlayPlannerOptions {
  localPeer: string
  /** Orders peer IDs. */
  compare: (a: string, b: string) => number
  /** Neighbours to hold at least. */
  degree: number
  /** Multiaddrs of the option `bootstrap`. */
  bootstrap: readonly string[]
  /** Uniform in [0, 1). */
  random: () => number
  /** Whether a link that is of no use here may end: another room, or the application, may need it. @default () => true */
  mayClose?: (peerId: string) => boolean
}

/** Overlay dials under way at once, and one more for the ring or a rift: each costs a socket and a handshake. */
const MAX_PENDING = 4

/** At most one overdue member is dialed in this time: in a large room many hear of one rift. */
const OVERDUE_PAUSE_MS = 5_000

/** A session usually comes about in this time; dialing an address earlier would be for nothing. */
const SESSION_WAIT_MS = 3_000

/**
 * A session rests so long before it is linked, as long as there are neighbours: while a room comes together, the next
 * in the ring is another with every session, and a link costs as much as the session did.
 */
const REST_MS = 2_000

/** The side with the higher peer ID waits so long with a link over a new session: mostly the other opens one. */
const YIELD_MS = 500

/** Links over sessions that are taken at most, in degrees: others need some, and each costs a share of all gossip. */
const MAX_LINKS_IN_DEGREES = 3

interface Link {
  readonly kind: LinkKind
  readonly outbound: boolean
  readonly since: number
}

/**
 * Keeps this member in the overlay: a sans-IO core that is told who is connected, who is known and who has a session
 * with us, and says whom to link to. It holds a link to the next member in the order of peer IDs, so that all links
 * together are one ring whoever joins or dies, and `degree` links in all, the rest at random, so that the ring's gaps
 * do not matter until it has closed again. Links over sessions come first; those over the network are for entering, for
 * rifts, and end when there are enough of the others.
 */
export class OverlayPlanner {
  readonly #options: OverlayPlannerOptions
  /** Members by peer ID, bootstrap addresses by themselves. */
  readonly #candidates = new Map<string, OverlayCandidate>()
  /** Those of them that are bootstrap addresses. */
  readonly #entries: readonly OverlayCandidate[]
  readonly #pending = new PendingDials()
  readonly #links = new Map<string, Link>()
  readonly #neighbours = new Set<string>()
  /** Sessions that are up, and since when. */
  readonly #sessions = new Map<string, number>()
  /** We, and those with whom a session is up. */
  readonly #ring: PeerRing
  readonly #outputs: OverlayOutput[] = []
  /** Links over the network that we end ourselves: nothing is lost with them. */
  readonly #ending = new Set<string>()
  /** Neighbours lost and not yet replaced. */
  #owed = 0
  #overdueDialAt = 0
  #dueAt = 0

  constructor(options: OverlayPlannerOptions) {
    this.#options = options
    this.#ring = new PeerRing(options.compare)
    this.#ring.add(options.localPeer)
    this.#entries = options.bootstrap.map((address) => {
      return this.#add('bootstrap', address, 0, Number.POSITIVE_INFINITY)
    })
  }

  /** Members that pass on what we say. */
  get neighbours(): number {
    return this.#neighbours.size
  }

  get neighbourIds(): IterableIterator<string> {
    return this.#neighbours.values()
  }

  /** Links over sessions that carry the room: to who is not in it others may lead. */
  get sessionLinks(): number {
    let count = 0
    for (const peerId of this.#neighbours) if (this.#links.get(peerId)?.kind === 'session') count++
    return count
  }

  /** @param overdueAt a member unheard until then is probably on the other side of a rift: it is dialed */
  handleMember(peerId: string, now: number, overdueAt: number): void {
    const known = this.#candidates.get(peerId)
    if (known === undefined) this.#add('member', peerId, now, overdueAt)
    else known.overdueAt = overdueAt
    this.#planAnew()
  }

  handleMemberLeft(peerId: string): void {
    const candidate = this.#candidates.get(peerId)
    if (candidate?.kind !== 'member') return
    if (this.#sessions.has(peerId)) {
      // Its record expired or was forgotten, but a session shows that it is there, and the ring may go through it.
      candidate.overdueAt = Number.POSITIVE_INFINITY
    } else {
      this.#candidates.delete(peerId)
      this.#pending.delete(candidate)
    }
    this.#planAnew()
  }

  /** The session with this peer, who has proven to be in the room, came up, or is down or silent. */
  handleSession(peerId: string, isUp: boolean, now: number): void {
    if (isUp === this.#sessions.has(peerId)) return
    if (isUp) {
      this.#sessions.set(peerId, now)
      this.#ring.add(peerId)
      // Who has proven to be in the room may be linked to before its presence has come, which comes over links.
      if (!this.#candidates.has(peerId)) this.#add('member', peerId, now, Number.POSITIVE_INFINITY)
      // The link may have come about for another room.
      if (this.#links.get(peerId)?.kind === 'session') this.handleNeighbour(peerId)
    } else {
      this.#sessions.delete(peerId)
      this.#ring.delete(peerId)
      const candidate = this.#candidates.get(peerId)
      if (candidate !== undefined) this.#pending.handleSilence(candidate)
      // Of whom presence has not told, nothing else leads to.
      if (candidate?.overdueAt === Number.POSITIVE_INFINITY) this.handleMemberLeft(peerId)
      for (const entry of this.#entries) if (entry.peerId === peerId) entry.handleVacated(now)
    }
    this.#planAnew()
  }

  handleConnected(peerId: string, kind: LinkKind, outbound: boolean, now: number): void {
    // Of several connections to one peer the first counts: gossip goes over that one.
    if (!this.#links.has(peerId)) this.#links.set(peerId, { kind, outbound, since: now })
    if (kind === 'session' && this.#sessions.has(peerId)) this.handleNeighbour(peerId)
    this.#planAnew()
  }

  /** A connected peer turned out to be in the room: it passes on what we say. */
  handleNeighbour(peerId: string): void {
    if (this.#neighbours.has(peerId)) return
    this.#neighbours.add(peerId)
    this.#owed = Math.max(0, this.#owed - 1)
    this.#planAnew()
  }

  /** A neighbour was one for a while only: it will go, and is not to be replaced. */
  handleFarewell(peerId: string): void {
    if (this.#neighbours.delete(peerId)) this.#planAnew()
  }

  /** A member has said goodbye to the room: whatever joins us to it carries the room no more. */
  handleDeparted(peerId: string, now: number): void {
    this.handleSession(peerId, false, now)
    this.handleMemberLeft(peerId)
    this.#noteLost(peerId)
    this.#planAnew()
  }

  /** Another room ends the link to this peer, since neither needs it. */
  handleEnding(peerId: string): void {
    if (this.#links.has(peerId)) this.#ending.add(peerId)
  }

  /** Whether the room would miss the link to this peer. */
  needs(peerId: string): boolean {
    return this.#neighbours.has(peerId) && !this.#hasEnough()
  }

  handleDisconnected(peerId: string, now: number): void {
    this.#links.delete(peerId)
    const onPurpose = this.#ending.delete(peerId)
    for (const candidate of new Set([...this.#entries, this.#candidates.get(peerId)])) {
      if (candidate?.peerId === peerId) candidate.handleDisconnected(onPurpose, now)
    }
    if (onPurpose) this.#neighbours.delete(peerId)
    else this.#noteLost(peerId)
    this.#planAnew()
  }

  /** How a dial ended; `peerId` is who answered. */
  handleDialed(target: string, peerId: string | undefined, now: number): void {
    const candidate = this.#candidates.get(target)
    if (candidate === undefined) return
    this.#pending.delete(candidate)
    candidate.handleDialed(peerId, now)
    this.#planAnew()
  }

  /** Whether a link that this peer opens over its session is taken. */
  takesLink(peerId: string): boolean {
    if (this.#links.has(peerId)) return false
    // We are its next in the ring: nobody else can be.
    if (this.#ring.next(peerId) === this.#options.localPeer) return true
    return this.sessionLinks < MAX_LINKS_IN_DEGREES * this.#options.degree
  }

  /** 2 for a link of the ring, 1 for another link over a session, 0 for none. */
  worthOf(peerId: string): number {
    if (!this.#neighbours.has(peerId) || this.#links.get(peerId)?.kind !== 'session') return 0
    const { localPeer } = this.#options
    const isNext = this.#ring.next(localPeer) === peerId || this.#ring.next(peerId) === localPeer
    return isNext ? 2 : 1
  }

  /** Plans, where anything has changed since the last time or is due. */
  handleTimeout(now: number): void {
    if (now < this.#dueAt) return
    const next = this.#ringCandidate(now)
    if (next !== undefined) this.#dial(next, now)
    for (let want = this.#deficit(now); want > 0; want--) {
      const candidate = this.#choose(now)
      if (candidate === undefined) break
      this.#dial(candidate, now)
    }
    const overdue = this.#overdue(now)
    if (overdue !== undefined) {
      this.#overdueDialAt = now + OVERDUE_PAUSE_MS
      this.#dial(overdue, now)
    }
    for (let entry = this.#lostEntry(now); entry !== undefined; entry = this.#lostEntry(now)) {
      this.#dial(entry, now)
    }
    this.#closeNeedless(now)
    this.#dueAt = this.#nextDueAt(now)
  }

  pollOutput(): OverlayOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next, or nothing; in the past where something has changed. */
  pollTimeout(): number | undefined {
    return Number.isFinite(this.#dueAt) ? this.#dueAt : undefined
  }

  #add(kind: OverlayCandidate['kind'], target: string, now: number, overdueAt: number): OverlayCandidate {
    const { random } = this.#options
    const candidate = new OverlayCandidate({ kind, target, now, overdueAt, random })
    this.#candidates.set(target, candidate)
    return candidate
  }

  #noteLost(peerId: string): void {
    if (this.#neighbours.delete(peerId)) this.#owed = Math.min(this.#owed + 1, this.#options.degree)
  }

  #planAnew(): void {
    this.#dueAt = 0
  }

  /**
   * When the first of the moments comes with which the plan compares the time. Until then, and as long as nobody comes
   * or goes, there is nothing else to find.
   */
  #nextDueAt(now: number): number {
    let next = Number.POSITIVE_INFINITY
    const consider = (at: number): void => {
      if (at > now && at < next) next = at
    }
    consider(this.#overdueDialAt)
    for (const slowAt of this.#pending.slowTimes()) consider(slowAt)
    for (const { since } of this.#links.values()) consider(since + STABLE_MS)
    for (const candidate of this.#candidates.values()) {
      if (!this.#isIdle(candidate)) continue
      consider(candidate.nextAttemptAt)
      if (candidate.kind === 'bootstrap') continue
      consider(candidate.firstHeardAt + SESSION_WAIT_MS)
      consider(candidate.overdueAt)
      consider(this.#restedAt(candidate))
    }
    return next
  }

  #deficit(now: number): number {
    const want = Math.max(this.#options.degree - this.#sound(), this.#owed) - this.#pending.quick(now)
    return Math.min(want, MAX_PENDING - this.#pending.size)
  }

  /** Neighbours whose link works as far as we know: a session that fell silent may be dead. */
  #sound(): number {
    let count = 0
    for (const peerId of this.#neighbours) {
      if (this.#links.get(peerId)?.kind !== 'session' || this.#sessions.has(peerId)) count++
    }
    return count
  }

  #choose(now: number): OverlayCandidate | undefined {
    const free = [...this.#candidates.values()].filter((candidate) => this.#isFree(candidate, now))
    const overSessions = free.filter((candidate) => now >= this.#restedAt(candidate))
    if (overSessions.length > 0) return this.#pick(overSessions)
    const alone = this.#sound() === 0
    const members = free.filter(
      ({ kind, firstHeardAt }) => kind === 'member' && (alone || now >= firstHeardAt + SESSION_WAIT_MS)
    )
    // Members spread the load that the entries would carry; without any neighbour both are tried by turns.
    const bootstraps = alone ? free.filter(({ kind }) => kind === 'bootstrap') : []
    return this.#pick(
      bootstraps.length > 0 && (members.length === 0 || this.#options.random() < 0.5) ? bootstraps : members
    )
  }

  #pick(candidates: readonly OverlayCandidate[]): OverlayCandidate | undefined {
    return candidates[Math.floor(this.#options.random() * candidates.length)]
  }

  /** The next in the ring, where it has a session with us and no link. */
  #ringCandidate(now: number): OverlayCandidate | undefined {
    if (this.#pending.size > MAX_PENDING) return undefined
    const next = this.#ring.next(this.#options.localPeer)
    const candidate = next === undefined ? undefined : this.#candidates.get(next)
    if (candidate === undefined || !this.#isFree(candidate, now)) return undefined
    return now >= this.#restedAt(candidate) ? candidate : undefined
  }

  /** When the session with a member may be linked; never where there is none. */
  #restedAt({ kind, target }: OverlayCandidate): number {
    const since = kind === 'member' ? this.#sessions.get(target) : undefined
    if (since === undefined) return Number.POSITIVE_INFINITY
    const { compare, localPeer } = this.#options
    const restMs = this.#sound() === 0 ? 0 : REST_MS
    return since + restMs + (compare(localPeer, target) < 0 ? 0 : YIELD_MS)
  }

  #overdue(now: number): OverlayCandidate | undefined {
    if (now < this.#overdueDialAt || this.#pending.size > MAX_PENDING) return undefined
    const late = [...this.#candidates.values()].filter(
      (candidate) => candidate.kind === 'member' && now >= candidate.overdueAt && this.#isFree(candidate, now)
    )
    // One that never answers must not keep the others waiting.
    return late.sort((a, b) => a.failures - b.failures || a.overdueAt - b.overdueAt)[0]
  }

  /**
   * An entry where nobody answers whom we are connected to: whoever enters there meets nobody, as long as those inside
   * do not look. Members without listeners cannot be found in any other way.
   */
  #lostEntry(now: number): OverlayCandidate | undefined {
    // Alone we try them anyway.
    if (this.#sound() === 0 || this.#pending.size >= MAX_PENDING) return undefined
    return this.#pick(
      this.#entries.filter(
        (entry) =>
          this.#isFree(entry, now) && (entry.peerId === undefined || !this.#sessions.has(entry.peerId))
      )
    )
  }

  #isFree(candidate: OverlayCandidate, now: number): boolean {
    return now >= candidate.nextAttemptAt && this.#isIdle(candidate)
  }

  /** Neither linked nor being dialed. */
  #isIdle(candidate: OverlayCandidate): boolean {
    const { peerId } = candidate
    return !this.#pending.has(candidate) && (peerId === undefined || !this.#links.has(peerId))
  }

  #dial(candidate: OverlayCandidate, now: number): void {
    const { kind, target } = candidate
    const overSession = this.#sessions.has(target)
    this.#pending.add(candidate, overSession, now)
    this.#outputs.push({ kind: overSession ? 'session' : kind, target })
  }

  /**
   * A link over the network that we dialed ends once enough sessions carry links: whoever lets a room in is not to hold
   * all of it. One at a time, because the other side replaces what it loses.
   */
  #closeNeedless(now: number): void {
    if (this.#ending.size > 0 || !this.#hasEnough()) return
    const { mayClose = () => true } = this.#options
    for (const [peerId, { kind, outbound, since }] of this.#links) {
      if (kind !== 'network' || !outbound || now < since + STABLE_MS || !this.#neighbours.has(peerId))
        continue
      if (!mayClose(peerId)) continue
      this.#ending.add(peerId)
      this.#outputs.push({ kind: 'close', target: peerId })
      return
    }
  }

  /** Sessions carry as many links as there should be. */
  #hasEnough(): boolean {
    return this.sessionLinks >= this.#options.degree && this.#owed === 0
  }
}
