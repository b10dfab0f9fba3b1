import type { ChannelPriority } from './channel-options.ts'

/** A channel as the scheduler sees it. */
export interface SendSource {
  readonly priority: ChannelPriority
  /** What the stack below still holds of it. */
  readonly bufferedBytes: number
  /** At or below this it may always send: it will not be woken again otherwise. */
  readonly lowWatermarkBytes: number
  /** Whether it has a frame that may go now. */
  readonly canSend: boolean
  /** Hands one frame to the stack. @returns its length */
  sendFrame(): number
}

/** RFC 8835 §4.1: each priority has about twice the share of the one below. */
const WEIGHTS: Readonly<Record<ChannelPriority, number>> = { 'very-low': 1, low: 2, medium: 4, high: 8 }

/**
 * Shares the connection among the channels of a session by weight (stride scheduling), and keeps what they have
 * buffered in the stack below a bound: what waits there delays every channel alike.
 */
export class SendScheduler {
  readonly #budgetBytes: number
  readonly #passes = new Map<SendSource, number>()
  #virtualTime = 0
  #pumping = false

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
  }

  add(source: SendSource): void {
    this.#passes.set(source, this.#virtualTime)
  }

  remove(source: SendSource): void {
    this.#passes.delete(source)
  }

  /** Sends what may be sent now. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      let buffered = 0
      for (const source of this.#passes.keys()) buffered += source.bufferedBytes
      for (;;) {
        const source = this.#next(buffered)
        if (source === undefined) break
        const bytes = source.sendFrame()
        buffered += bytes
        // A source that was idle does not get back the share it did not use.
        const pass = Math.max(this.#passes.get(source) ?? 0, this.#virtualTime)
        this.#virtualTime = pass
        this.#passes.set(source, pass + bytes / WEIGHTS[source.priority])
      }
    } finally {
      this.#pumping = false
    }
  }

  #next(buffered: number): SendSource | undefined {
    let best: SendSource | undefined
    let bestPass = Infinity
    for (const [source, pass] of this.#passes) {
      if (pass >= bestPass || !source.canSend) continue
      if (buffered >= this.#budgetBytes && source.bufferedBytes > source.lowWatermarkBytes) continue
      best = source
      bestPass = pass
    }
    return best
  }
}
