import { backoffMs } from '../backoff.ts'

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
}

/** Overlay dials under way at once: each costs a socket and a handshake. */
const MAX_PENDING = 4

/** A dial that takes longer does not keep others from being tried beside it. */
const SLOW_DIAL_MS = 2_000

/** The first pause after a failed dial, doubling; short, because at the start nothing works before it succeeds. */
const BACKOFF = { baseMs: 500, maxMs: 60_000 }

/** A connection that lasted so long has shown that it works. */
const STABLE_MS = 10_000

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

/** An entry that we left on purpose is visited again after so long: it may know of others who entered meanwhile. */
const REVISIT_MS = 300_000

interface Candidate {
  readonly kind: 'member' | 'bootstrap'
  readonly target: string
  /** For a bootstrap address: who answered there last. */
  peerId: string | undefined
  failures: number
  nextAttemptAt: number
  pendingSince: number | undefined
  /** When our last dial succeeded. */
  dialedAt: number | undefined
  firstHeardAt: number
  overdueAt: number
}

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
  readonly #candidates = new Map<string, Candidate>()
  readonly #links = new Map<string, Link>()
  readonly #neighbours = new Set<string>()
  /** Sessions that are up, and since when. */
  readonly #sessions = new Map<string, number>()
  readonly #outputs: OverlayOutput[] = []
  /** Links over the network that we end ourselves: nothing is lost with them. */
  readonly #ending = new Set<string>()
  /** Neighbours lost and not yet replaced. */
  #owed = 0
  #overdueDialAt = 0

  constructor(options: OverlayPlannerOptions) {
    this.#options = options
    for (const address of options.bootstrap) this.#add('bootstrap', address, 0, Number.POSITIVE_INFINITY)
  }

  /** Members that pass on what we say. */
  get neighbours(): number {
    return this.#neighbours.size
  }

  get neighbourIds(): IterableIterator<string> {
    return this.#neighbours.values()
  }

  /** Links over sessions. */
  get sessionLinks(): number {
    let count = 0
    for (const { kind } of this.#links.values()) if (kind === 'session') count++
    return count
  }

  /** @param overdueAt a member unheard until then is probably on the other side of a rift: it is dialed */
  handleMember(peerId: string, now: number, overdueAt: number): void {
    const known = this.#candidates.get(peerId)
    if (known === undefined) this.#add('member', peerId, now, overdueAt)
    else known.overdueAt = overdueAt
  }

  handleMemberLeft(peerId: string): void {
    if (this.#candidates.get(peerId)?.kind === 'member') this.#candidates.delete(peerId)
  }

  /** The session with this peer came up, or is down or silent. */
  handleSession(peerId: string, isUp: boolean, now: number): void {
    if (isUp === this.#sessions.has(peerId)) return
    if (isUp) {
      this.#sessions.set(peerId, now)
      return
    }
    this.#sessions.delete(peerId)
    // If it died, another may stand at its address.
    for (const candidate of this.#candidates.values()) {
      if (candidate.kind === 'bootstrap' && candidate.peerId === peerId) {
        candidate.nextAttemptAt = Math.min(candidate.nextAttemptAt, now + BACKOFF.baseMs)
      }
    }
  }

  handleConnected(peerId: string, kind: LinkKind, outbound: boolean, now: number): void {
    // Of several connections to one peer the first counts: gossip goes over that one.
    if (!this.#links.has(peerId)) this.#links.set(peerId, { kind, outbound, since: now })
    // Who has a session with us has proven that it is in the room.
    if (kind === 'session') this.handleNeighbour(peerId)
  }

  /** A connected peer turned out to be in the room: it passes on what we say. */
  handleNeighbour(peerId: string): void {
    if (this.#neighbours.has(peerId)) return
    this.#neighbours.add(peerId)
    this.#owed = Math.max(0, this.#owed - 1)
  }

  /** A neighbour was one for a while only: it will go, and is not to be replaced. */
  handleFarewell(peerId: string): void {
    this.#neighbours.delete(peerId)
  }

  handleDisconnected(peerId: string, now: number): void {
    this.#links.delete(peerId)
    const wasWanted = !this.#ending.delete(peerId)
    for (const candidate of this.#candidates.values()) {
      if (candidate.peerId !== peerId || candidate.dialedAt === undefined) continue
      if (wasWanted) this.#noteEnd(candidate, now)
      else this.#noteVisited(candidate, now)
    }
    if (this.#neighbours.delete(peerId) && wasWanted) {
      this.#owed = Math.min(this.#owed + 1, this.#options.degree)
    }
  }

  /** How a dial ended; `peerId` is who answered. */
  handleDialed(target: string, peerId: string | undefined, now: number): void {
    const candidate = this.#candidates.get(target)
    if (candidate === undefined) return
    candidate.pendingSince = undefined
    candidate.peerId = peerId ?? candidate.peerId
    candidate.dialedAt = peerId === undefined ? undefined : now
    if (peerId === undefined) this.#noteFailure(candidate, now)
  }

  /** Whether a link that this peer opens over its session is taken. */
  takesLink(peerId: string): boolean {
    if (this.#links.has(peerId)) return false
    // We are its next in the ring: nobody else can be.
    if (this.#successorOf(peerId, this.#options.localPeer) === this.#options.localPeer) return true
    return this.sessionLinks < MAX_LINKS_IN_DEGREES * this.#options.degree
  }

  /** 2 for a link of the ring, 1 for another link over a session, 0 for none. */
  worthOf(peerId: string): number {
    if (this.#links.get(peerId)?.kind !== 'session') return 0
    const { localPeer } = this.#options
    const isNext =
      this.#successorOf(localPeer) === peerId || this.#successorOf(peerId, localPeer) === localPeer
    return isNext ? 2 : 1
  }

  handleTimeout(now: number): void {
    const next = this.#ringCandidate(now)
    if (next !== undefined) this.#dial(next, now)
    for (let want = this.#deficit(now); want > 0; want--) {
      const candidate = this.#choose(now)
      if (candidate === undefined) break
      this.#dial(candidate, now)
    }
    const overdue = now >= this.#overdueDialAt ? this.#overdue(now) : undefined
    if (overdue !== undefined) {
      this.#overdueDialAt = now + OVERDUE_PAUSE_MS
      this.#dial(overdue, now)
    }
    const entry = this.#lostEntry(now)
    if (entry !== undefined) this.#dial(entry, now)
    this.#closeNeedless(now)
  }

  pollOutput(): OverlayOutput | undefined {
    return this.#outputs.shift()
  }

  #add(kind: Candidate['kind'], target: string, now: number, overdueAt: number): void {
    this.#candidates.set(target, {
      kind,
      target,
      peerId: kind === 'member' ? target : undefined,
      failures: 0,
      nextAttemptAt: 0,
      pendingSince: undefined,
      dialedAt: undefined,
      firstHeardAt: now,
      overdueAt
    })
  }

  /** A connection that ends at once must not be made again in a loop. */
  #noteEnd(candidate: Candidate, now: number): void {
    const lasted = now - (candidate.dialedAt ?? now)
    candidate.dialedAt = undefined
    if (lasted >= STABLE_MS) candidate.failures = 0
    this.#noteFailure(candidate, now)
  }

  #noteVisited(candidate: Candidate, now: number): void {
    candidate.dialedAt = undefined
    candidate.failures = 0
    if (candidate.kind === 'bootstrap') candidate.nextAttemptAt = now + REVISIT_MS
  }

  #noteFailure(candidate: Candidate, now: number): void {
    candidate.failures++
    candidate.nextAttemptAt = now + backoffMs(BACKOFF, candidate.failures, this.#options.random())
  }

  #deficit(now: number): number {
    let quick = 0
    let pending = 0
    for (const { pendingSince } of this.#candidates.values()) {
      if (pendingSince === undefined) continue
      pending++
      if (now - pendingSince < SLOW_DIAL_MS) quick++
    }
    const want = Math.max(this.#options.degree - this.#sound(), this.#owed) - quick
    return Math.min(want, MAX_PENDING - pending)
  }

  /** Neighbours whose link works as far as we know: a session that fell silent may be dead. */
  #sound(): number {
    let count = 0
    for (const peerId of this.#neighbours) {
      if (this.#links.get(peerId)?.kind !== 'session' || this.#sessions.has(peerId)) count++
    }
    return count
  }

  #choose(now: number): Candidate | undefined {
    const free = [...this.#candidates.values()].filter((candidate) => this.#isFree(candidate, now))
    const overSessions = free.filter((candidate) => this.#hasRestedSession(candidate, now))
    if (overSessions.length > 0) return this.#pick(overSessions)
    const alone = this.#sound() === 0
    const members = free.filter(
      ({ kind, firstHeardAt }) => kind === 'member' && (alone || now - firstHeardAt >= SESSION_WAIT_MS)
    )
    // Members spread the load that the entries would carry; without any neighbour both are tried by turns.
    const bootstraps = alone ? free.filter(({ kind }) => kind === 'bootstrap') : []
    return this.#pick(
      bootstraps.length > 0 && (members.length === 0 || this.#options.random() < 0.5) ? bootstraps : members
    )
  }

  #pick(candidates: readonly Candidate[]): Candidate | undefined {
    return candidates[Math.floor(this.#options.random() * candidates.length)]
  }

  /** The next in the ring, where it has a session with us and no link. */
  #ringCandidate(now: number): Candidate | undefined {
    const next = this.#successorOf(this.#options.localPeer)
    const candidate = next === undefined ? undefined : this.#candidates.get(next)
    if (candidate === undefined || !this.#isFree(candidate, now)) return undefined
    return this.#hasRestedSession(candidate, now) ? candidate : undefined
  }

  /** Who follows in the order of peer IDs, among those with a session (and `also`); after the last comes the first. */
  #successorOf(peerId: string, also?: string): string | undefined {
    const { compare } = this.#options
    let least: string | undefined
    let next: string | undefined
    for (const other of also === undefined ? this.#sessions.keys() : [...this.#sessions.keys(), also]) {
      if (other === peerId) continue
      if (least === undefined || compare(other, least) < 0) least = other
      if (compare(other, peerId) > 0 && (next === undefined || compare(other, next) < 0)) next = other
    }
    return next ?? least
  }

  #hasRestedSession({ kind, target }: Candidate, now: number): boolean {
    const since = kind === 'member' ? this.#sessions.get(target) : undefined
    if (since === undefined) return false
    const { compare, localPeer } = this.#options
    const restMs = this.#sound() === 0 ? 0 : REST_MS
    return now - since >= restMs + (compare(localPeer, target) < 0 ? 0 : YIELD_MS)
  }

  #overdue(now: number): Candidate | undefined {
    const late = [...this.#candidates.values()].filter(
      (candidate) => candidate.kind === 'member' && now > candidate.overdueAt && this.#isFree(candidate, now)
    )
    // One that never answers must not keep the others waiting.
    return late.sort((a, b) => a.failures - b.failures || a.overdueAt - b.overdueAt)[0]
  }

  /**
   * An entry where nobody answers whom we are connected to: whoever enters there meets nobody, as long as those inside
   * do not look. Members without listeners cannot be found in any other way.
   */
  #lostEntry(now: number): Candidate | undefined {
    // Alone we try them anyway.
    if (this.#sound() === 0) return undefined
    const pending = [...this.#candidates.values()].filter(({ pendingSince }) => pendingSince !== undefined)
    if (pending.length >= MAX_PENDING) return undefined
    return this.#pick(
      [...this.#candidates.values()].filter(
        (candidate) =>
          candidate.kind === 'bootstrap' &&
          this.#isFree(candidate, now) &&
          (candidate.peerId === undefined || !this.#sessions.has(candidate.peerId))
      )
    )
  }

  #isFree({ pendingSince, nextAttemptAt, peerId }: Candidate, now: number): boolean {
    const connected = peerId !== undefined && this.#links.has(peerId)
    return pendingSince === undefined && nextAttemptAt <= now && !connected
  }

  #dial(candidate: Candidate, now: number): void {
    candidate.pendingSince = now
    const { kind, target } = candidate
    this.#outputs.push({ kind: this.#sessions.has(target) ? 'session' : kind, target })
  }

  /**
   * A link over the network that we dialed ends once enough sessions carry links: whoever lets a room in is not to hold
   * all of it. One at a time, because the other side replaces what it loses.
   */
  #closeNeedless(now: number): void {
    if (this.#ending.size > 0 || this.sessionLinks < this.#options.degree || this.#owed > 0) return
    for (const [peerId, { kind, outbound, since }] of this.#links) {
      if (kind !== 'network' || !outbound || now - since < STABLE_MS || !this.#neighbours.has(peerId))
        continue
      this.#ending.add(peerId)
      this.#outputs.push({ kind: 'close', target: peerId })
      return
    }
  }
}
