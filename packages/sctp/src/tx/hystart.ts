/**
 * HyStart++ (RFC 9406): leaves slow start when the round-trip time rises, before the queue at the bottleneck
 * overflows. A rise starts conservative slow start (a quarter of the growth); five such rounds end slow start, a
 * fall back to the baseline shows that it was a false alarm.
 */
const MIN_RTT_THRESHOLD = 4
const MAX_RTT_THRESHOLD = 16
const MIN_RTT_DIVISOR = 8
const RTT_SAMPLES = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5

export class HyStart {
  #lastRoundMinRtt = Infinity
  #currentRoundMinRtt = Infinity
  #samples = 0
  #css: { baselineMinRtt: number; rounds: number } | undefined

  /** Divides the growth of slow start. */
  get growthDivisor(): number {
    return this.#css === undefined ? 1 : CSS_GROWTH_DIVISOR
  }

  /** A round trip has passed. True where slow start is over. */
  onRound(): boolean {
    this.#lastRoundMinRtt = this.#currentRoundMinRtt
    this.#currentRoundMinRtt = Infinity
    this.#samples = 0
    if (this.#css === undefined) {
      return false
    }
    this.#css.rounds++
    return this.#css.rounds >= CSS_ROUNDS
  }

  onRttSample(rtt: number): void {
    this.#currentRoundMinRtt = Math.min(this.#currentRoundMinRtt, rtt)
    this.#samples++
    if (this.#samples < RTT_SAMPLES || this.#lastRoundMinRtt === Infinity) {
      return
    }
    if (this.#css !== undefined) {
      if (this.#currentRoundMinRtt < this.#css.baselineMinRtt) {
        this.#css = undefined
      }
      return
    }
    const threshold = Math.max(
      MIN_RTT_THRESHOLD,
      Math.min(this.#lastRoundMinRtt / MIN_RTT_DIVISOR, MAX_RTT_THRESHOLD)
    )
    if (this.#currentRoundMinRtt >= this.#lastRoundMinRtt + threshold) {
      this.#css = { baselineMinRtt: this.#currentRoundMinRtt, rounds: 0 }
    }
  }

  reset(): void {
    this.#lastRoundMinRtt = Infinity
    this.#currentRoundMinRtt = Infinity
    this.#samples = 0
    this.#css = undefined
  }
}
