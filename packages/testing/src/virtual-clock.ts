interface Timer {
  readonly due: number
  readonly order: number
  readonly callback: () => void
}

/** Promise continuations that may follow one another between two timers. */
const SETTLE_TURNS = 100

/**
 * A clock that stands still until a test advances it: hours pass in milliseconds, and every run is the same. It fits
 * whatever takes `{ now, setTimeout, clearTimeout }`, such as `PeerSession` and the signaling hub.
 */
export class VirtualClock {
  #now: number
  #order = 0
  readonly #timers = new Map<number, Timer>()

  /** @param startMs milliseconds since the Unix epoch @default 2026-01-01 */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }

  /** Timers set and neither run nor cleared: after a test there should be none. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const order = ++this.#order
    this.#timers.set(order, { due: this.#now + Math.max(0, delayMs), order, callback })
    return order
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number)
  }

  /** Lets promises settle, then runs every timer that is due within `durationMs`, each at its own time. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs
    for (;;) {
      await settle()
      const timer = this.#next()
      if (timer === undefined || timer.due > end) break
      this.#timers.delete(timer.order)
      this.#now = Math.max(this.#now, timer.due)
      timer.callback()
    }
    this.#now = end
    await settle()
  }

  /** Advances in small steps until `condition` holds. @throws {Error} it does not within `limitMs` */
  async advanceUntil(condition: () => boolean, limitMs = 60_000): Promise<void> {
    const end = this.#now + limitMs
    await settle()
    while (!condition()) {
      const timer = this.#next()
      if (timer === undefined || timer.due > end) {
        throw new Error(`the condition does not hold after ${limitMs} ms of virtual time`)
      }
      await this.advance(Math.max(0, timer.due - this.#now))
    }
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers.values()) {
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer
      }
    }
    return next
  }
}

/** Lets everything happen that waits for promises only. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve()
}
