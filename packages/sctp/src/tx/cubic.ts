import { HyStart } from './hystart.ts'

/** CUBIC congestion control (RFC 9438) with HyStart++ (RFC 9406). Windows are bytes, times milliseconds. */
export interface CubicOptions {
  initialWindowPackets: number
  maxCongestionWindow: number
}

/** RFC 9438 section 5: C, segments a second cubed. */
const C = 0.4
/** RFC 9438 section 4.6: what is left of the window after a loss. */
const BETA = 0.7
/** RFC 9438 section 4.3: growth of the Reno-friendly estimate. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)
const MIN_WINDOW_PACKETS = 2
/**
 * Delay tells random loss from congestion, as in TCP-Illinois (Liu, Basar and Srikant, 2008): while the bottleneck's
 * queue is seen to be empty, the window grows by up to so many packets a round trip and keeps so much after a loss.
 */
const EMPTY_QUEUE_GROWTH = 8
const EMPTY_QUEUE_BETA = 0.875
/**
 * Queueing delay from which on plain CUBIC holds: an eighth of the path's own delay and a quarter of the longest queue
 * seen lately (a short queue is full before it is slow), between these.
 */
const PATH_DIVISOR = 8
const QUEUE_DIVISOR = 4
const MIN_QUEUE_DELAY = 1
const MAX_QUEUE_DELAY = 8
/** What is left of the longest queue seen after a round trip without one. */
const QUEUE_MEMORY = 0.995

interface Windows {
  cwnd: number
  ssthresh: number
  wMax: number
}

export class Cubic {
  readonly #options: CubicOptions
  readonly #hystart = new HyStart()
  #mss: number
  #cwnd: number
  #ssthresh = Infinity
  #wMax = 0
  /** The growth since the last reduction, from its first acknowledgement on. */
  #epoch: { startedAt: number; k: number; wEst: number; cwndPrior: number } | undefined
  #beforeTimeout: Windows | undefined
  /** Smallest and largest time to an answer in the current round. */
  #roundMinRtt = Infinity
  #roundMaxRtt = 0
  #longestQueue = 0
  /** From 0, the bottleneck's queue holds packets, to 1, it is empty. */
  #emptiness = 0

  constructor(mss: number, options: CubicOptions) {
    this.#options = options
    this.#mss = mss
    this.#cwnd = this.initialWindow
  }

  /** Congestion window, bytes. */
  get cwnd(): number {
    return this.#cwnd
  }

  get ssthresh(): number {
    return this.#ssthresh
  }

  get inSlowStart(): boolean {
    return this.#cwnd < this.#ssthresh
  }

  get initialWindow(): number {
    return Math.min(this.#options.initialWindowPackets * this.#mss, this.#options.maxCongestionWindow)
  }

  setMss(mss: number): void {
    this.#mss = mss
  }

  onRttSample(rtt: number): void {
    this.#roundMinRtt = Math.min(this.#roundMinRtt, rtt)
    this.#roundMaxRtt = Math.max(this.#roundMaxRtt, rtt)
    if (this.inSlowStart) {
      this.#hystart.onRttSample(rtt)
    }
  }

  /**
   * All that was in flight when this was last called has been answered.
   *
   * @param minRtt the smallest round trip that this path has shown lately
   */
  onRound(minRtt: number): void {
    if (this.#roundMinRtt !== Infinity) {
      this.#longestQueue = Math.max(this.#roundMaxRtt - minRtt, QUEUE_MEMORY * this.#longestQueue)
      const limit = Math.min(minRtt / PATH_DIVISOR, this.#longestQueue / QUEUE_DIVISOR, MAX_QUEUE_DELAY)
      this.#emptiness = Math.max(0, 1 - (this.#roundMinRtt - minRtt) / Math.max(MIN_QUEUE_DELAY, limit))
      this.#roundMinRtt = Infinity
      this.#roundMaxRtt = 0
    }
    if (this.inSlowStart && this.#hystart.onRound()) {
      this.#ssthresh = this.#cwnd
    }
  }

  /**
   * `bytes` sent since the last reduction were acknowledged. `limited` says whether the window, not the
   * application, held the sender back: an unused window must not grow (RFC 9438 section 5.8).
   */
  onAcknowledged(bytes: number, now: number, rtt: number, limited: boolean): void {
    if (!limited) {
      this.#epoch = undefined
      return
    }
    const grown = this.inSlowStart
      ? this.#cwnd + bytes / this.#hystart.growthDivisor
      : this.#avoidance(bytes, now, rtt)
    this.#cwnd = Math.min(grown, this.#options.maxCongestionWindow)
  }

  /** Loss was detected (RFC 9438 sections 4.6 and 4.7). */
  onCongestion(): void {
    // The loss that ends slow start is the queue's, whatever its last round trips were.
    this.#reduce(this.inSlowStart ? BETA : BETA + (EMPTY_QUEUE_BETA - BETA) * this.#emptiness)
    this.#cwnd = this.#ssthresh
  }

  /** The retransmission timer expired (RFC 9438 section 4.8). */
  onTimeout(): void {
    this.#beforeTimeout ??= { cwnd: this.#cwnd, ssthresh: this.#ssthresh, wMax: this.#wMax }
    this.#reduce(BETA)
    this.#cwnd = this.#mss
  }

  /** The timeout was answered by a retransmission: it was a real one. */
  onTimeoutConfirmed(): void {
    this.#beforeTimeout = undefined
  }

  /** The timeout was spurious, what it reduced is given back (RFC 9438 section 4.9.1). */
  undoTimeout(): void {
    if (this.#beforeTimeout !== undefined) {
      this.#cwnd = Math.max(this.#cwnd, this.#beforeTimeout.cwnd)
      this.#ssthresh = this.#beforeTimeout.ssthresh
      this.#wMax = this.#beforeTimeout.wMax
      this.#epoch = undefined
      this.#beforeTimeout = undefined
    }
  }

  /** Nothing was sent for `idle`: the window is halved for each RTO (RFC 9260 section 7.2.1). */
  onIdle(idle: number, rto: number): void {
    this.#ssthresh = Math.max(this.#ssthresh, 0.75 * this.#cwnd)
    this.#cwnd = Math.max(
      Math.min(this.initialWindow, this.#cwnd),
      this.#cwnd * 0.5 ** Math.floor(idle / rto)
    )
    this.#epoch = undefined
  }

  /** Another path. */
  reset(): void {
    this.#cwnd = this.initialWindow
    this.#ssthresh = Infinity
    this.#wMax = 0
    this.#epoch = undefined
    this.#beforeTimeout = undefined
    this.#roundMinRtt = Infinity
    this.#roundMaxRtt = 0
    this.#longestQueue = 0
    this.#emptiness = 0
    this.#hystart.reset()
  }

  #reduce(beta: number): void {
    // Fast convergence: a flow that lost below its old plateau leaves room for others (RFC 9438 section 4.7).
    this.#wMax = this.#cwnd < this.#wMax ? (this.#cwnd * (1 + BETA)) / 2 : this.#cwnd
    this.#ssthresh = Math.max(this.#cwnd * beta, MIN_WINDOW_PACKETS * this.#mss)
    this.#epoch = undefined
  }

  #avoidance(bytes: number, now: number, rtt: number): number {
    const mss = this.#mss
    const cwnd = this.#cwnd
    if (this.#epoch === undefined) {
      if (cwnd >= this.#wMax) {
        this.#wMax = cwnd
      }
      this.#epoch = {
        startedAt: now,
        k: Math.cbrt((this.#wMax - cwnd) / mss / C),
        wEst: cwnd,
        cwndPrior: this.#wMax
      }
    }
    const epoch = this.#epoch
    const plateau = this.#wMax
    const cubicAt = (time: number): number => plateau + C * mss * (time / 1000 - epoch.k) ** 3
    const elapsed = now - epoch.startedAt
    const alpha = epoch.wEst < epoch.cwndPrior ? ALPHA : 1
    epoch.wEst += (alpha * mss * bytes) / cwnd
    const intoEmptyQueue = cwnd + (EMPTY_QUEUE_GROWTH * this.#emptiness * mss * bytes) / cwnd
    if (cubicAt(elapsed) < epoch.wEst) {
      return Math.max(intoEmptyQueue, epoch.wEst)
    }
    const target = Math.max(cwnd, Math.min(cubicAt(elapsed + rtt), 1.5 * cwnd))
    return Math.max(intoEmptyQueue, cwnd + ((target - cwnd) * bytes) / cwnd)
  }
}
