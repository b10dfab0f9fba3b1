/** One direction of a path. */
export interface LinkConditions {
  /** Share of datagrams that are lost, from 0 to 1. @default 0 */
  readonly loss?: number
  /** One way, in milliseconds. @default 0 */
  readonly delayMs?: number
  /** @default unlimited */
  readonly bytesPerSecond?: number
  /** Bytes that may wait where the rate is limited; what comes on top is dropped. @default unlimited */
  readonly queueBytes?: number
}

/** Says what becomes of each datagram; it has no clock and keeps no datagrams, so that it costs next to nothing. */
export class Link {
  readonly #loss: number
  readonly #delayMs: number
  readonly #bytesPerMs: number
  readonly #queueBytes: number
  readonly #random: () => number
  #freeAt = 0

  /** @param random from 0 (inclusive) to 1 (exclusive) */
  constructor(conditions: LinkConditions, random: () => number) {
    this.#loss = conditions.loss ?? 0
    this.#delayMs = conditions.delayMs ?? 0
    this.#bytesPerMs = (conditions.bytesPerSecond ?? Infinity) / 1000
    this.#queueBytes = conditions.queueBytes ?? Infinity
    this.#random = random
  }

  /** When a datagram arrives that is sent now; `undefined` if it never does. Later ones never arrive earlier. */
  send(bytes: number, now: number): number | undefined {
    if (this.#random() < this.#loss) return undefined
    const startsAt = Math.max(now, this.#freeAt)
    const transmissionMs = bytes / this.#bytesPerMs
    const waiting = (startsAt - now) * this.#bytesPerMs
    if (waiting + bytes > this.#queueBytes) return undefined
    this.#freeAt = startsAt + transmissionMs
    return this.#freeAt + this.#delayMs
  }
}
