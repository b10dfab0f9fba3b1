import type { SeededRandom } from './random.ts'

/** What one direction of the simulated path does to packets. Probabilities from 0 to 1, times milliseconds. */
export interface LinkConditions {
  loss: number
  duplicate: number
  /** Probability that one bit or more is flipped. */
  corrupt: number
  delay: number
  /** Up to so much more delay for each packet: packets overtake each other. */
  jitter: number
  /** Larger packets vanish. */
  mtu: number
  /** Bytes a millisecond through the bottleneck, `Infinity` for none. */
  rate: number
  /** Bytes that wait at the bottleneck at most. */
  queueLimit: number
}

export const PERFECT: LinkConditions = {
  loss: 0,
  duplicate: 0,
  corrupt: 0,
  delay: 10,
  jitter: 0,
  mtu: 65535,
  rate: Infinity,
  queueLimit: Infinity
}

/** The narrowest place of a path; several links may lead through one. */
export class Bottleneck {
  freeAt = 0
}

interface Flight {
  arrivesAt: number
  order: number
  packet: Uint8Array
}

/** One direction of a path: packets go in at a time and come out later, or not. */
export class Link {
  readonly #random: SeededRandom
  readonly #inFlight: Flight[] = []
  #order = 0
  readonly #bottleneck: Bottleneck
  conditions: LinkConditions
  sent = 0
  dropped = 0
  bytesSent = 0
  /** Decides about packets before anything else does; true drops one. */
  filter: (packet: Uint8Array, now: number) => boolean = () => false

  constructor(random: SeededRandom, conditions: LinkConditions, bottleneck = new Bottleneck()) {
    this.#random = random
    this.#bottleneck = bottleneck
    this.conditions = conditions
  }

  get nextArrival(): number {
    return this.#inFlight.at(0)?.arrivesAt ?? Infinity
  }

  send(packet: Uint8Array, now: number): void {
    const { loss, duplicate, mtu, rate, queueLimit } = this.conditions
    const random = this.#random
    this.sent++
    this.bytesSent += packet.length
    const backlog = Math.max(0, this.#bottleneck.freeAt - now) * rate
    if (
      this.filter(packet, now) ||
      packet.length > mtu ||
      random.chance(loss) ||
      (rate !== Infinity && backlog + packet.length > queueLimit)
    ) {
      this.dropped++
      return
    }
    this.#bottleneck.freeAt =
      Math.max(now, this.#bottleneck.freeAt) + (rate === Infinity ? 0 : packet.length / rate)
    this.#launch(packet)
    if (random.chance(duplicate)) {
      this.#launch(packet)
    }
  }

  /** The packet that arrives next, if it has arrived at `now`. */
  receive(now: number): Uint8Array | undefined {
    const flight = this.#inFlight.at(0)
    if (flight === undefined || flight.arrivesAt > now) {
      return undefined
    }
    this.#inFlight.shift()
    return flight.packet
  }

  #launch(packet: Uint8Array): void {
    const { delay, jitter, corrupt } = this.conditions
    const copy = packet.slice()
    if (this.#random.chance(corrupt)) {
      for (let flips = this.#random.int(1, 3); flips > 0; flips--) {
        copy[this.#random.int(0, copy.length - 1)] ^= 1 << this.#random.int(0, 7)
      }
    }
    const flight = {
      arrivesAt: this.#bottleneck.freeAt + delay + (jitter === 0 ? 0 : this.#random.next() * jitter),
      order: this.#order++,
      packet: copy
    }
    let index = this.#inFlight.length
    while (index > 0 && this.#inFlight[index - 1].arrivesAt > flight.arrivesAt) {
      index--
    }
    this.#inFlight.splice(index, 0, flight)
  }
}
