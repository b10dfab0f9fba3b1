/** Retransmission timeout from round-trip times (RFC 9260 section 6.3.1, RFC 6298). Milliseconds. */
export interface RtoOptions {
  rtoInitial: number
  rtoMin: number
  rtoMax: number
}

const ALPHA = 1 / 8
const BETA = 1 / 4

export class RetransmissionTimeout {
  readonly #options: RtoOptions
  #srtt: number | undefined
  #rttvar = 0
  #backoff = 0

  constructor(options: RtoOptions) {
    this.#options = options
  }

  /** Smoothed round-trip time, undefined before the first measurement. */
  get srtt(): number | undefined {
    return this.#srtt
  }

  /** The timeout now, backed off. */
  get value(): number {
    const { rtoInitial, rtoMin, rtoMax } = this.#options
    const base = this.#srtt === undefined ? rtoInitial : Math.max(rtoMin, this.#srtt + 4 * this.#rttvar)
    return Math.min(rtoMax, base * 2 ** this.#backoff)
  }

  /** A round trip of something sent once only (Karn's rule). */
  measure(rtt: number): void {
    if (this.#srtt === undefined) {
      this.#srtt = rtt
      this.#rttvar = rtt / 2
    } else {
      this.#rttvar += BETA * (Math.abs(this.#srtt - rtt) - this.#rttvar)
      this.#srtt += ALPHA * (rtt - this.#srtt)
    }
    this.#backoff = 0
  }

  /** The timer expired (RFC 9260 section 6.3.3, E2). */
  backOff(): void {
    // 2^16 times any timeout is beyond every maximum.
    this.#backoff = Math.min(this.#backoff + 1, 16)
  }

  /** Something new was acknowledged: the path is alive. */
  clearBackoff(): void {
    this.#backoff = 0
  }

  /** Another path: nothing is known of it. */
  reset(): void {
    this.#srtt = undefined
    this.#rttvar = 0
    this.#backoff = 0
  }
}
