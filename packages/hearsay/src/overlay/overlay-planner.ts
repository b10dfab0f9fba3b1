import { backoffMs } from '../backoff.ts'

/** Whom the planner wants dialed: a member heard of by presence, or an entry of the option `bootstrap`. */
export interface OverlayDial {
  readonly kind: 'member' | 'bootstrap'
  /** A peer ID, or a multiaddr. */
  readonly target: string
}

export interface OverlayPlannerOptions {
  /** How many overlay neighbours in the room to hold at least. */
  degree: number
  /** Multiaddrs, as text. */
  bootstrap: readonly string[]
  /** A member whose record is not renewed for so long may be behind a rift in the overlay: it is dialed. */
  overdueMs: number
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

interface Candidate {
  readonly kind: OverlayDial['kind']
  readonly target: string
  /** For a bootstrap address: who answered there last. */
  peerId: string | undefined
  failures: number
  nextAttemptAt: number
  pendingSince: number | undefined
  /** When our last dial succeeded. */
  dialedAt: number | undefined
  heardAt: number
}

/**
 * Keeps this member in the overlay: a sans-IO core that is told who is connected and who is known, and says whom to
 * dial. It holds `degree` neighbours, replaces each that is lost whatever the degree, reaches over a suspected rift,
 * and falls back to the bootstrap addresses when no neighbour is left.
 */
export class OverlayPlanner {
  readonly #options: OverlayPlannerOptions
  readonly #candidates = new Map<string, Candidate>()
  readonly #connected = new Set<string>()
  readonly #neighbours = new Set<string>()
  readonly #outputs: OverlayDial[] = []
  /** Neighbours lost and not yet replaced. */
  #owed = 0
  #overdueDialAt = 0

  constructor(options: OverlayPlannerOptions) {
    this.#options = options
    for (const address of options.bootstrap) this.#add('bootstrap', address, 0)
  }

  get neighbours(): number {
    return this.#neighbours.size
  }

  handleMember(peerId: string, now: number): void {
    const known = this.#candidates.get(peerId)
    if (known === undefined) this.#add('member', peerId, now)
    else known.heardAt = now
  }

  handleMemberLeft(peerId: string): void {
    if (this.#candidates.get(peerId)?.kind === 'member') this.#candidates.delete(peerId)
  }

  handleConnected(peerId: string): void {
    this.#connected.add(peerId)
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
    this.#connected.delete(peerId)
    for (const candidate of this.#candidates.values()) {
      if (candidate.peerId === peerId && candidate.dialedAt !== undefined) this.#noteEnd(candidate, now)
    }
    if (this.#neighbours.delete(peerId)) this.#owed = Math.min(this.#owed + 1, this.#options.degree)
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

  handleTimeout(now: number): void {
    for (let want = this.#deficit(now); want > 0; want--) {
      const next = this.#choose(now)
      if (next === undefined) break
      this.#dial(next, now)
    }
    const overdue = now >= this.#overdueDialAt ? this.#overdue(now) : undefined
    if (overdue !== undefined) {
      this.#overdueDialAt = now + OVERDUE_PAUSE_MS
      this.#dial(overdue, now)
    }
  }

  pollOutput(): OverlayDial | undefined {
    return this.#outputs.shift()
  }

  #add(kind: Candidate['kind'], target: string, now: number): void {
    this.#candidates.set(target, {
      kind,
      target,
      peerId: kind === 'member' ? target : undefined,
      failures: 0,
      nextAttemptAt: 0,
      pendingSince: undefined,
      dialedAt: undefined,
      heardAt: now
    })
  }

  /** A connection that ends at once must not be made again in a loop. */
  #noteEnd(candidate: Candidate, now: number): void {
    const lasted = now - (candidate.dialedAt ?? now)
    candidate.dialedAt = undefined
    if (lasted >= STABLE_MS) candidate.failures = 0
    this.#noteFailure(candidate, now)
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
    const want = Math.max(this.#options.degree - this.#neighbours.size, this.#owed) - quick
    return Math.min(want, MAX_PENDING - pending)
  }

  #choose(now: number): Candidate | undefined {
    const free = [...this.#candidates.values()].filter((candidate) => this.#isFree(candidate, now))
    const members = free.filter(({ kind }) => kind === 'member')
    // Members spread the load that the entries would carry; without any neighbour both are tried by turns.
    const bootstraps = this.#neighbours.size === 0 ? free.filter(({ kind }) => kind === 'bootstrap') : []
    const pool =
      bootstraps.length > 0 && (members.length === 0 || this.#options.random() < 0.5) ? bootstraps : members
    return pool[Math.floor(this.#options.random() * pool.length)]
  }

  #overdue(now: number): Candidate | undefined {
    const late = [...this.#candidates.values()].filter(
      (candidate) =>
        candidate.kind === 'member' &&
        now - candidate.heardAt > this.#options.overdueMs &&
        this.#isFree(candidate, now)
    )
    // One that never answers must not keep the others waiting.
    return late.sort((a, b) => a.failures - b.failures || a.heardAt - b.heardAt)[0]
  }

  #isFree({ pendingSince, nextAttemptAt, peerId }: Candidate, now: number): boolean {
    const connected = peerId !== undefined && this.#connected.has(peerId)
    return pendingSince === undefined && nextAttemptAt <= now && !connected
  }

  #dial(candidate: Candidate, now: number): void {
    candidate.pendingSince = now
    this.#outputs.push({ kind: candidate.kind, target: candidate.target })
  }
}
