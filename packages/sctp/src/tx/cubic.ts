import { HyStart } from './hystart.ts'

/**
 * CUBIC congestion control (RFC 9438) with HyStart++ (RFC 9406), and with an additive part that follows the delay at
 * the bottleneck. Windows are bytes, times milliseconds.
 */
export interface CubicOptions {
  initialWindowPackets: number
  maxCongestionWindow: number
  shortPathWindow: number
}

/** The fastest path that is reckoned with: 10 Gbit/s, in bytes a millisecond. */
const FASTEST_PATH = 1.25e6

/** RFC 9438 section 5: C, segments a second cubed. */
const C = 0.4
/** RFC 9438 section 4.6: what is left of the window after the loss that ends slow start, and after a timeout. */
const BETA = 0.7
const MIN_WINDOW_PACKETS = 2
/**
 * Delay tells random loss from congestion, as in TCP-Illinois (Liu, Basar and Srikant, 2008): while the bottleneck's
 * queue is seen to be empty, the window grows by so many packets a round trip and keeps so much after a loss.
 */
const EMPTY_QUEUE_GROWTH = 8
/** The same after a loss that was not seen to be random: others may have drained the queue as well as we. */
const DRAINED_QUEUE_GROWTH = 3
const EMPTY_QUEUE_BETA = 0.875
/**
 * Queueing delay from which on the queue is not empty: an eighth of the path's own delay or a quarter of the longest
 * queue seen lately (a short queue is full before it is slow), between these.
 */
const PATH_DIVISOR = 8
const QUEUE_DIVISOR = 4
const MIN_QUEUE_DELAY = 1
const MAX_QUEUE_DELAY = 8
/** What is left of the longest queue seen after a round trip without one. */
const QUEUE_MEMORY = 0.995
/**
 * Into a queue, a flow grows in inverse proportion to what it has in there itself, so that one that came late catches
 * up: by so many packets a round trip for each millisecond of the longest queue, divided by its own packets in it; not
 * by less than Reno's one, and not by more than this part of its window, which a queue of a few packets could not take.
 */
const QUEUE_SHARE = 4
const MIN_GROWTH = 1
const MAX_GROWTH_DIVISOR = 10
/**
 * With a queue, a loss leaves what fills the path without one, less a fifth, so that it drains and every flow sees how
 * long the path really is (as H-TCP's adaptive backoff; Leith and Shorten, 2004); but not less than this.
 */
const DRAIN = 0.8
const MIN_BETA = 0.3

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
  /** The window at most. */
  #limit: number
  #ssthresh = Infinity
  #wMax = 0
  /** The growth since the last reduction, from its first acknowledgement on. */
  #epoch: { startedAt: number; k: number } | undefined
  #beforeTimeout: Windows | undefined
  /** Smallest and largest time to an answer in the current round. */
  #roundMinRtt = Infinity
  #roundMaxRtt = 0
  #longestQueue = 0
  /** From 0, the bottleneck's queue holds packets, to 1, it is empty. */
  #emptiness = 0
  /** The path's own delay as a part of the last round's smallest: 1 where there is no queue. */
  #delayRatio = 1
  /** Growth into an empty queue, packets a round trip. */
  #emptyQueueGrowth = EMPTY_QUEUE_GROWTH

  constructor(mss: number, options: CubicOptions) {
    this.#options = options
    this.#mss = mss
    this.#limit = options.maxCongestionWindow
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
    if (minRtt !== Infinity) {
      const { shortPathWindow, maxCongestionWindow } = this.#options
      this.#limit = Math.min(Math.max(shortPathWindow, FASTEST_PATH * minRtt), maxCongestionWindow)
    }
    if (this.#roundMinRtt !== Infinity) {
      this.#longestQueue = Math.max(this.#roundMaxRtt - minRtt, QUEUE_MEMORY * this.#longestQueue)
      const limit = Math.min(minRtt / PATH_DIVISOR, this.#longestQueue / QUEUE_DIVISOR, MAX_QUEUE_DELAY)
      this.#emptiness = Math.max(0, 1 - (this.#roundMinRtt - minRtt) / Math.max(MIN_QUEUE_DELAY, limit))
      this.#delayRatio = this.#roundMinRtt > minRtt ? minRtt / this.#roundMinRtt : 1
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
    this.#cwnd = Math.min(grown, this.#limit)
  }

  /** Loss was detected (RFC 9438 sections 4.6 and 4.7). */
  onCongestion(): void {
    // The loss that ends slow start is the queue's, whatever its last round trips were.
    if (this.inSlowStart) {
      this.#reduce(BETA)
    } else {
      this.#reduce(this.#beta)
      this.#emptyQueueGrowth =
        DRAINED_QUEUE_GROWTH + (EMPTY_QUEUE_GROWTH - DRAINED_QUEUE_GROWTH) * this.#emptiness
    }
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
    this.#limit = this.#options.maxCongestionWindow
    this.#cwnd = this.initialWindow
    this.#ssthresh = Infinity
    this.#wMax = 0
    this.#epoch = undefined
    this.#beforeTimeout = undefined
    this.#roundMinRtt = Infinity
    this.#roundMaxRtt = 0
    this.#longestQueue = 0
    this.#emptiness = 0
    this.#delayRatio = 1
    this.#emptyQueueGrowth = EMPTY_QUEUE_GROWTH
    this.#hystart.reset()
  }

  #reduce(beta: number): void {
    // Fast convergence: a flow that lost below its old plateau leaves room for others (RFC 9438 section 4.7).
    this.#wMax = this.#cwnd < this.#wMax ? (this.#cwnd * (1 + BETA)) / 2 : this.#cwnd
    this.#ssthresh = Math.max(this.#cwnd * beta, MIN_WINDOW_PACKETS * this.#mss)
    this.#epoch = undefined
  }

  /** What a loss leaves of the window. */
  get #beta(): number {
    const queued = Math.max(MIN_BETA, DRAIN * this.#delayRatio)
    return queued + (EMPTY_QUEUE_BETA - queued) * this.#emptiness
  }

  /** Packets that the window grows by in a round trip, where the cubic function does not ask for more. */
  get #alpha(): number {
    const packets = this.#cwnd / this.#mss
    const ownQueue = Math.max(1, packets * (1 - this.#delayRatio))
    const share = (QUEUE_SHARE * this.#longestQueue) / ownQueue
    const most = Math.min(EMPTY_QUEUE_GROWTH, packets / MAX_GROWTH_DIVISOR)
    const intoQueue = Math.max(MIN_GROWTH, Math.min(share, most))
    return this.#emptyQueueGrowth * this.#emptiness + (1 - this.#emptiness) * intoQueue
  }

  #avoidance(bytes: number, now: number, rtt: number): number {
    const mss = this.#mss
    const cwnd = this.#cwnd
    if (this.#epoch === undefined) {
      this.#wMax = Math.max(this.#wMax, cwnd)
      this.#epoch = { startedAt: now, k: Math.cbrt((this.#wMax - cwnd) / mss / C) }
    }
    const { startedAt, k } = this.#epoch
    const cubic = this.#wMax + C * mss * ((now + rtt - startedAt) / 1000 - k) ** 3
    const target = Math.min(cubic, 1.5 * cwnd)
    return cwnd + (Math.max(target - cwnd, this.#alpha * mss) * bytes) / cwnd
  }
}
