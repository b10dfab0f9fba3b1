import { backoffMs } from '../backoff.ts'

/** The first pause after a failed dial, doubling; short, because at the start nothing works before it succeeds. */
const BACKOFF = { baseMs: 500, maxMs: 60_000 }

/** A connection that lasted so long has shown that it works. */
export const STABLE_MS = 10_000

/** An entry that we left on purpose is visited again after so long: it may know of others who entered meanwhile. */
const REVISIT_MS = 300_000

export interface OverlayCandidateInit {
  readonly kind: 'member' | 'bootstrap'
  /** Peer ID of the member, or the multiaddr. */
  readonly target: string
  readonly now: number
  /** A member unheard until then is probably on the other side of a rift. */
  readonly overdueAt: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Somebody to link to: a member, or whoever answers at a bootstrap address. It knows how dials to it have ended. */
export class OverlayCandidate {
  readonly kind: OverlayCandidateInit['kind']
  readonly target: string
  readonly firstHeardAt: number
  overdueAt: number
  readonly #random: () => number
  /** For a bootstrap address: who answered there last. */
  peerId: string | undefined
  #failures = 0
  #nextAttemptAt = 0
  /** When our last dial succeeded. */
  #dialedAt: number | undefined

  constructor({ kind, target, now, overdueAt, random }: OverlayCandidateInit) {
    this.kind = kind
    this.target = target
    this.firstHeardAt = now
    this.overdueAt = overdueAt
    this.#random = random
    this.peerId = kind === 'member' ? target : undefined
  }

  /** Dials in a row that came to nothing. */
  get failures(): number {
    return this.#failures
  }

  get nextAttemptAt(): number {
    return this.#nextAttemptAt
  }

  /** @param peerId who answered, if anybody did */
  handleDialed(peerId: string | undefined, now: number): void {
    this.peerId = peerId ?? this.peerId
    this.#dialedAt = peerId === undefined ? undefined : now
    if (peerId === undefined) this.#retreat(now)
  }

  /** The link to whoever it is has ended. @param onPurpose we ended it */
  handleDisconnected(onPurpose: boolean, now: number): void {
    if (this.#dialedAt === undefined) return
    const lastedMs = now - this.#dialedAt
    this.#dialedAt = undefined
    if (onPurpose || lastedMs >= STABLE_MS) this.#failures = 0
    // A connection that ends at once must not be made again in a loop.
    if (!onPurpose) this.#retreat(now)
    else if (this.kind === 'bootstrap') this.#nextAttemptAt = now + REVISIT_MS
  }

  /** Whoever answered there has died: another may stand there now. */
  handleVacated(now: number): void {
    this.#nextAttemptAt = Math.min(this.#nextAttemptAt, now + BACKOFF.baseMs)
  }

  #retreat(now: number): void {
    this.#failures++
    this.#nextAttemptAt = now + backoffMs(BACKOFF, this.#failures, this.#random())
  }
}
