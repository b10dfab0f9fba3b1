/** How long a neighbour may take to answer: then others are asked for the same. */
const ANSWER_TIMEOUT_MS = 5_000

interface Batch {
  readonly fingerprints: Set<string>
  readonly deadline: number
}

interface Offerer {
  /** Offered, and not asked for yet. */
  readonly offered: Set<string>
  batch: Batch | undefined
}

export interface RecordPullerOptions {
  /** Records asked for at once of one neighbour. */
  readonly batchSize: number
  /** Offers remembered of one neighbour; what is beyond is offered again when tables are compared. */
  readonly maxOffered: number
  /** Whether a record is still to be had. */
  readonly isNeeded: (fingerprint: string) => boolean
}

/**
 * What neighbours have and we have not: a sans-IO core. It asks each of them for one batch at a time, for every record
 * one of them only, so that a newcomer shares its questions among all its neighbours and waits for none that is slow.
 */
export class RecordPuller {
  readonly #options: RecordPullerOptions
  readonly #links = new Map<string, Offerer>()
  /** Asked of some neighbour, or being opened. */
  readonly #claimed = new Set<string>()

  constructor(options: RecordPullerOptions) {
    this.#options = options
  }

  handleOpen(link: string): void {
    this.#links.set(link, { offered: new Set(), batch: undefined })
  }

  handleClosed(link: string): void {
    for (const fingerprint of this.#links.get(link)?.batch?.fingerprints ?? []) {
      this.#claimed.delete(fingerprint)
    }
    this.#links.delete(link)
  }

  /** A neighbour says that it has this record. @returns whether we have not */
  handleOffer(link: string, fingerprint: string): boolean {
    if (!this.#options.isNeeded(fingerprint)) return false
    const offered = this.#links.get(link)?.offered
    if (offered !== undefined && offered.size < this.#options.maxOffered) offered.add(fingerprint)
    return true
  }

  /** A neighbour answered for this record. @returns whether it was asked for it; it stays claimed until opened */
  handleAnswer(link: string, fingerprint: string): boolean {
    const offerer = this.#links.get(link)
    if (offerer?.batch?.fingerprints.delete(fingerprint) !== true) return false
    if (offerer.batch.fingerprints.size === 0) offerer.batch = undefined
    return true
  }

  /** The record is in the table now, or will never be. */
  handleSettled(fingerprint: string): void {
    this.#claimed.delete(fingerprint)
  }

  /** What to ask each neighbour for now. */
  *poll(now: number): IterableIterator<{ readonly link: string; readonly fingerprints: readonly string[] }> {
    for (const [link, offerer] of this.#links) {
      if (offerer.batch !== undefined || offerer.offered.size === 0) continue
      const fingerprints = this.#take(offerer.offered)
      if (fingerprints.length === 0) continue
      offerer.batch = { fingerprints: new Set(fingerprints), deadline: now + ANSWER_TIMEOUT_MS }
      // It is the last to be asked again: who offers the same over and over keeps it from nobody else.
      this.#links.delete(link)
      this.#links.set(link, offerer)
      yield { link, fingerprints }
    }
  }

  handleTimeout(now: number): void {
    for (const offerer of this.#links.values()) {
      if (offerer.batch === undefined || offerer.batch.deadline > now) continue
      for (const fingerprint of offerer.batch.fingerprints) this.#claimed.delete(fingerprint)
      offerer.batch = undefined
    }
  }

  pollTimeout(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { batch } of this.#links.values()) next = Math.min(next, batch?.deadline ?? next)
    return next
  }

  #take(offered: Set<string>): string[] {
    const taken: string[] = []
    for (const fingerprint of offered) {
      if (taken.length >= this.#options.batchSize) break
      if (!this.#options.isNeeded(fingerprint)) offered.delete(fingerprint)
      else if (!this.#claimed.has(fingerprint)) {
        offered.delete(fingerprint)
        this.#claimed.add(fingerprint)
        taken.push(fingerprint)
      }
    }
    return taken
  }
}
