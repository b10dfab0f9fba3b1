/** Lets `burst` through at once and `perSecond` on average. */
export class TokenBucket {
  readonly #burst: number
  readonly #perMs: number
  #tokens: number
  #at: number

  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = burst
    this.#perMs = perSecond / 1000
    this.#tokens = burst
    this.#at = now
  }

  /** Takes `count` where they are there. */
  take(now: number, count = 1): boolean {
    this.#refill(now)
    if (this.#tokens < count) {
      return false
    }
    this.#tokens -= count
    return true
  }

  /** When so many will be there. */
  nextAt(now: number, count = 1): number {
    this.#refill(now)
    return this.#tokens >= count ? now : now + (count - this.#tokens) / this.#perMs
  }

  isEmpty(now: number): boolean {
    this.#refill(now)
    return this.#tokens < 1
  }

  isFull(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#burst
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
  }
}
