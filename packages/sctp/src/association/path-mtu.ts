/**
 * Packetization layer path MTU discovery (RFC 8899): padded HEARTBEATs look for the largest packet that gets
 * through. No DATA chunk depends on what they find (chunks never outgrow the base size), so that a path whose MTU
 * falls only costs the larger packets.
 */

type Search =
  | { phase: 'off' }
  /** A probe of `size` is looked for between what is known to pass and what is known not to. */
  | { phase: 'searching'; size: number; tooLarge: number; attempts: number; probeAt: number; due: boolean }
  /** The largest size is found; the search is made again later, for a path may change. */
  | { phase: 'complete'; raiseAt: number }

/** RFC 8899 section 5.1.2: MAX_PROBES. */
const MAX_PROBES = 3
/** RFC 8899 section 5.1.1: PROBE_TIMER, not less than a second. */
const PROBE_TIMER = 1000
/** RFC 8899 section 5.1.1: PMTU_RAISE_TIMER. */
const RAISE_TIMER = 600_000
/** The search ends when it is closer than this. */
const GRANULARITY = 16

export class PathMtu {
  readonly #base: number
  readonly #max: number
  #packetSize: number
  #search: Search = { phase: 'off' }

  constructor(base: number, max: number) {
    this.#base = base
    this.#max = max
    this.#packetSize = base
  }

  /** The largest packet that is known to pass. */
  get packetSize(): number {
    return this.#packetSize
  }

  /** Starts (again) from the base size, on a path of which nothing is known. */
  start(now: number): void {
    this.#packetSize = this.#base
    this.#raise(now)
  }

  pollTimeout(): number {
    switch (this.#search.phase) {
      case 'off':
        return Infinity
      case 'searching':
        return this.#search.probeAt
      case 'complete':
        return this.#search.raiseAt
    }
  }

  handleTimeout(now: number): void {
    const search = this.#search
    if (search.phase === 'complete' && search.raiseAt <= now) {
      this.#raise(now)
    } else if (search.phase === 'searching' && search.probeAt <= now) {
      if (search.attempts < MAX_PROBES) {
        search.due = true
        search.probeAt = Infinity
      } else {
        this.#next(search.size, now)
      }
    }
  }

  /** Size of the probe to send now, 0 for none. */
  takeProbe(now: number): number {
    const search = this.#search
    if (search.phase !== 'searching' || !search.due) {
      return 0
    }
    search.due = false
    search.attempts++
    search.probeAt = now + PROBE_TIMER
    return search.size
  }

  get isProbeDue(): boolean {
    return this.#search.phase === 'searching' && this.#search.due
  }

  onProbeAcknowledged(size: number, now: number): void {
    const search = this.#search
    if (search.phase === 'searching' && size === search.size) {
      this.#packetSize = size
      this.#next(search.tooLarge, now)
    }
  }

  /** Packets above the base size seem to vanish (RFC 8899 section 4.3). */
  onBlackHole(now: number): void {
    if (this.#packetSize > this.#base) {
      this.#packetSize = this.#base
      this.#search = { phase: 'complete', raiseAt: now + RAISE_TIMER }
    }
  }

  #raise(now: number): void {
    // The largest is tried first: most paths carry it.
    this.#search =
      this.#max > this.#packetSize
        ? searchFor(this.#max, this.#max + 4, now)
        : { phase: 'complete', raiseAt: Infinity }
  }

  #next(tooLarge: number, now: number): void {
    const gap = tooLarge - this.#packetSize
    this.#search =
      gap <= GRANULARITY
        ? { phase: 'complete', raiseAt: this.#packetSize < this.#max ? now + RAISE_TIMER : Infinity }
        : searchFor((this.#packetSize + gap / 2) & ~3, tooLarge, now)
  }
}

function searchFor(size: number, tooLarge: number, now: number): Search {
  return { phase: 'searching', size: size & ~3, tooLarge, attempts: 0, probeAt: now, due: false }
}
