import { SeededRandom } from './seeded-random.ts'

export interface NetworkConditions {
  /** One-way delay in milliseconds. @default 0 */
  delayMs?: number
  /** Added to it at random, up to so many milliseconds: packets overtake each other. @default 0 */
  jitterMs?: number
  /** Probability that a packet is lost. @default 0 */
  loss?: number
  /** Probability that a packet comes twice. @default 0 */
  duplication?: number
  /** Bytes a second of each directed pair; packets queue behind one another. @default unlimited */
  bytesPerSecond?: number
  /** Bytes that may queue there before packets are dropped. @default 65_536 */
  queueBytes?: number
}

export interface EmulatedPacket {
  readonly from: string
  readonly to: string
  readonly payload: Uint8Array
}

interface InFlight extends EmulatedPacket {
  readonly due: number
  readonly order: number
}

/**
 * A network of datagrams as a value (sans-IO): it loses, delays, reorders and repeats by a seed, and knows no clock.
 * `send()` packets, advance to `pollTimeout()`, call `handleTimeout()`, and take arrivals from `pollOutput()`.
 */
export class NetworkEmulator {
  readonly #random: SeededRandom
  readonly #conditions: Required<NetworkConditions>
  readonly #cut = new Set<string>()
  readonly #linkFreeAt = new Map<string, number>()
  readonly #arrived: EmulatedPacket[] = []
  #inFlight: InFlight[] = []
  #order = 0
  #lost = 0

  constructor(seed: number, conditions: NetworkConditions = {}) {
    this.#random = new SeededRandom(seed)
    this.#conditions = {
      delayMs: 0,
      jitterMs: 0,
      loss: 0,
      duplication: 0,
      bytesPerSecond: Infinity,
      queueBytes: 65_536,
      ...conditions
    }
  }

  /** Packets lost so far, for whatever reason. */
  get lost(): number {
    return this.#lost
  }

  send(from: string, to: string, payload: Uint8Array, now: number): void {
    const { loss, duplication } = this.#conditions
    if (this.#cut.has(linkName(from, to)) || this.#random.chance(loss)) {
      this.#lost++
      return
    }
    this.#queue({ from, to, payload: payload.slice() }, now)
    if (this.#random.chance(duplication)) this.#queue({ from, to, payload: payload.slice() }, now)
  }

  /** Nothing passes from one to the other any more; what is under way still arrives. */
  cut(from: string, to: string): void {
    this.#cut.add(linkName(from, to))
  }

  heal(from: string, to: string): void {
    this.#cut.delete(linkName(from, to))
  }

  handleTimeout(now: number): void {
    const due = this.#inFlight.filter((packet) => packet.due <= now)
    this.#inFlight = this.#inFlight.filter((packet) => packet.due > now)
    due.sort((one, other) => one.due - other.due || one.order - other.order)
    for (const { from, to, payload } of due) this.#arrived.push({ from, to, payload })
  }

  /** When the next packet arrives; `undefined` while none is under way. */
  pollTimeout(): number | undefined {
    return this.#inFlight.reduce<number | undefined>(
      (earliest, { due }) => (earliest === undefined || due < earliest ? due : earliest),
      undefined
    )
  }

  pollOutput(): EmulatedPacket | undefined {
    return this.#arrived.shift()
  }

  #queue(packet: EmulatedPacket, now: number): void {
    const { delayMs, jitterMs, bytesPerSecond, queueBytes } = this.#conditions
    const link = linkName(packet.from, packet.to)
    const free = Math.max(now, this.#linkFreeAt.get(link) ?? now)
    if (((free - now) / 1000) * bytesPerSecond > queueBytes) {
      this.#lost++
      return
    }
    const sent = free + (packet.payload.length / bytesPerSecond) * 1000
    this.#linkFreeAt.set(link, sent)
    const due = sent + delayMs + this.#random.number() * jitterMs
    this.#inFlight.push({ ...packet, due, order: this.#order++ })
  }
}

function linkName(from: string, to: string): string {
  return `${from} ${to}`
}
