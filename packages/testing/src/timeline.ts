import { EventQueue } from './event-queue.ts'

/** Time that passes from event to event: for simulations without promises, which may have millions of events. */
export class Timeline {
  readonly #events = new EventQueue()
  #now = 0

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now
  }

  /** Something happens at that time, or now where it is past. */
  add(at: number, action: () => void): void {
    this.#events.add(at, action)
  }

  /** Lets so much time pass. */
  run(durationMs: number): void {
    const end = this.#now + durationMs
    while (this.#events.nextAt <= end) {
      this.#now = Math.max(this.#now, this.#events.nextAt)
      this.#events.take()?.()
    }
    this.#now = end
  }

  /** @returns milliseconds until `condition` held; it is looked at every `stepMs` @throws {Error} not within `limitMs` */
  runUntil(condition: () => boolean, limitMs: number, stepMs = 50): number {
    const startedAt = this.#now
    while (!condition()) {
      if (this.#now - startedAt >= limitMs) {
        throw new Error(`the condition does not hold after ${limitMs} ms of virtual time`)
      }
      this.run(stepMs)
    }
    return this.#now - startedAt
  }
}
