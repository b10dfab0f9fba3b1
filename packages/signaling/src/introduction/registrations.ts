/** A member that may introduce us to others. */
export interface Candidate {
  readonly peer: string
  /** There is a connection to it, and it speaks the protocol. */
  readonly isConnected: boolean
  /** Whoever wants to reach us can dial it. */
  readonly isDialable: boolean
  /** Where it is, as far as is known: those who share a network (a prefix of the address) fail together. */
  readonly network: string | undefined
}

export interface RegistrationsOptions {
  /** How many introducers to have. */
  wanted: number
  /** Uniform in [0, 1). */
  random: () => number
}

/** An introducer that has failed is asked again after so long, doubled each time. */
const BACKOFF_MS = 5_000
const MAX_BACKOFF_MS = 600_000

/** A registration that lasted so long has shown that it works. */
const STABLE_MS = 60_000

/** Failures are remembered of this many; who failed longest ago is forgotten. */
const MAX_REMEMBERED = 1024

interface Record {
  failures: number
  nextAttemptAt: number
}

/**
 * Who introduces us: a sans-IO core that is told who could, and how it went, and says whom to ask. It spreads its choice
 * over networks, prefers who can be dialed by others and is connected already, and leaves who fails for a while.
 */
export class Registrations {
  readonly #options: RegistrationsOptions
  readonly #records = new Map<string, Record>()
  /** Asked, or registered with (since when), by peer. */
  readonly #asked = new Map<string, { network: string | undefined; registeredAt: number | undefined }>()
  readonly #outputs: string[] = []

  constructor(options: RegistrationsOptions) {
    this.#options = options
  }

  /** Whom others reach us through. */
  get introducers(): string[] {
    return [...this.#asked].filter(([, { registeredAt }]) => registeredAt !== undefined).map(([peer]) => peer)
  }

  /** As many are asked as there should be: candidates are of no interest. */
  get isComplete(): boolean {
    return this.#asked.size >= this.#options.wanted
  }

  handleRegistered(peer: string, now: number): void {
    const asked = this.#asked.get(peer)
    if (asked !== undefined) {
      asked.registeredAt = now
    }
  }

  /** It would not, did not answer, could not be reached, or its stream ended. */
  handleFailed(peer: string, now: number): void {
    const asked = this.#asked.get(peer)
    if (asked === undefined) {
      return
    }
    this.#asked.delete(peer)
    const wasStable = asked.registeredAt !== undefined && now - asked.registeredAt >= STABLE_MS
    const failures = wasStable ? 1 : (this.#records.get(peer)?.failures ?? 0) + 1
    const pauseMs = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (failures - 1))
    this.#records.delete(peer)
    this.#records.set(peer, { failures, nextAttemptAt: now + pauseMs * (0.75 + this.#options.random() / 2) })
    if (this.#records.size > MAX_REMEMBERED) {
      const [oldest] = this.#records.keys()
      this.#records.delete(oldest)
    }
  }

  /** @param candidates some or all there are now */
  handleCandidates(candidates: readonly Candidate[], now: number): void {
    const free = candidates.filter(
      ({ peer }) => !this.#asked.has(peer) && (this.#records.get(peer)?.nextAttemptAt ?? 0) <= now
    )
    while (!this.isComplete && free.length > 0) {
      const [{ peer, network }] = free.splice(this.#best(free), 1)
      this.#asked.set(peer, { network, registeredAt: undefined })
      this.#outputs.push(peer)
    }
  }

  /** The peer to ask next. */
  pollOutput(): string | undefined {
    return this.#outputs.shift()
  }

  #best(candidates: readonly Candidate[]): number {
    const networks = new Set([...this.#asked.values()].map(({ network }) => network))
    const scores = candidates.map(({ peer, isConnected, isDialable, network }) => {
      const { failures = 0 } = this.#records.get(peer) ?? {}
      // Each ground outweighs all that come after it; chance, so that not everybody asks the same few, comes last.
      const grounds = [!networks.has(network), isDialable, isConnected]
      const points = grounds.reduce((sum, holds) => 2 * sum + Number(holds), 0)
      return points - 8 * failures + this.#options.random()
    })
    return scores.indexOf(Math.max(...scores))
  }
}
