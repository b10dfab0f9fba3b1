export interface TrickleOptions {
  /** The shortest interval, in milliseconds (Imin, RFC 6206, section 4.1). */
  readonly minIntervalMs: number
  /** So many consistent messages heard in an interval make ours needless (k). */
  readonly redundancy: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * The Trickle timer (RFC 6206): says when to speak so that those who agree speak ever more rarely, and those who do not
 * agree speak at once. A sans-IO core; the longest interval may change while it runs.
 */
export class Trickle {
  readonly #options: TrickleOptions
  #intervalMs: number
  #startedAt = 0
  #speakAt = 0
  #hasSpoken = false
  #heard = 0

  constructor(options: TrickleOptions, now: number) {
    this.#options = options
    this.#intervalMs = options.minIntervalMs
    this.#begin(now)
  }

  /** Somebody said what we would say (section 4.2, step 3). */
  handleConsistent(): void {
    this.#heard++
  }

  /** There is something that they do not know, or we do not (step 6). */
  handleInconsistent(now: number): void {
    if (this.#intervalMs <= this.#options.minIntervalMs) return
    this.#intervalMs = this.#options.minIntervalMs
    this.#begin(now)
  }

  /**
   * @param maxIntervalMs the longest interval (Imax)
   * @returns 'speak', 'suppressed' where others have said enough in this interval, nothing where it is not time
   */
  handleTimeout(now: number, maxIntervalMs: number): 'speak' | 'suppressed' | undefined {
    if (now < this.pollTimeout()) return undefined
    if (!this.#hasSpoken) {
      this.#hasSpoken = true
      return this.#heard < this.#options.redundancy ? 'speak' : 'suppressed'
    }
    this.#intervalMs = Math.max(Math.min(this.#intervalMs * 2, maxIntervalMs), this.#options.minIntervalMs)
    this.#begin(now)
    return undefined
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number {
    return this.#hasSpoken ? this.#startedAt + this.#intervalMs : this.#speakAt
  }

  #begin(now: number): void {
    this.#startedAt = now
    this.#speakAt = now + (this.#intervalMs * (1 + this.#options.random())) / 2
    this.#hasSpoken = false
    this.#heard = 0
  }
}
