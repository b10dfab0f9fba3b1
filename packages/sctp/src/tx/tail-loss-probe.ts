/**
 * Tail-loss probes (RFC 8985 section 7): when the last packets before silence are lost, no acknowledgement tells of
 * it. One chunk sent again after two round trips draws one, long before the retransmission timeout.
 */

/** RFC 8985 section 7.2: least time to a probe, so that a scheduler's hiccup does not cause one. */
const MIN_TIMEOUT = 5
/** Probes for one tail, each after twice the time (as RFC 9002 section 6.2): one alone is easily lost too. */
const MAX_PROBES = 3

interface SentProbe {
  readonly seq: number
  readonly retransmission: boolean
  readonly sentAt: number
}

export class TailLossProbe {
  /** A probe is to be sent. */
  isDue = false
  expiresAt = Infinity
  #sent: SentProbe | undefined
  #count = 0

  /** Probes sent since something was acknowledged. */
  get count(): number {
    return this.#count
  }

  /** The retransmitted chunk whose fate is not known yet, -1 for none. */
  get retransmittedSeq(): number {
    return this.#sent?.retransmission === true ? this.#sent.seq : -1
  }

  /** Section 7.2. `srtt` is undefined before the first measurement, `rtoAt` when the timeout comes anyway. */
  arm(now: number, srtt: number | undefined, rto: number, rtoAt: number): void {
    // No allowance for a delayed SACK: the last packet before silence asks for an immediate one (I bit).
    const round = srtt === undefined ? rto : Math.max(2 * srtt, MIN_TIMEOUT)
    const expiresAt = now + round * 2 ** this.#count
    this.expiresAt = this.#count < MAX_PROBES && expiresAt < rtoAt ? expiresAt : Infinity
  }

  disarm(): void {
    this.expiresAt = Infinity
  }

  onSent(seq: number, retransmission: boolean, now: number): void {
    this.isDue = false
    this.#sent = { seq, retransmission, sentAt: now }
    this.#count++
  }

  /** Something was acknowledged: what is sent from now on has a tail of its own. */
  onProgress(): void {
    this.#count = 0
  }

  /** Original and probe both arrived: nothing was lost (section 7.4.2). */
  onDuplicate(): void {
    this.#sent = undefined
  }

  /**
   * Everything up to `cumulative` is acknowledged; where that settles the probe and it was a loss that the probe
   * itself repaired, gives the time when it was sent (section 7.4.2).
   */
  conclude(cumulative: number): number | undefined {
    const sent = this.#sent
    if (sent === undefined || cumulative < sent.seq || (cumulative === sent.seq && sent.retransmission)) {
      return undefined
    }
    this.#sent = undefined
    return sent.retransmission ? sent.sentAt : undefined
  }

  reset(): void {
    this.isDue = false
    this.expiresAt = Infinity
    this.#sent = undefined
    this.#count = 0
  }
}
