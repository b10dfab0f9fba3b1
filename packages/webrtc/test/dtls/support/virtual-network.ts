import type { DtlsEvent } from '../../../src/dtls/events.ts'
import { seededRandom } from './random.ts'

export type Side = 'client' | 'server'

/** What the network needs of an end: a `DtlsConnection`, or an impostor of a test. */
export interface Endpoint {
  readonly state: string
  start(now: number): void
  handleDatagram(datagram: Uint8Array, now: number): void
  handleTimeout(now: number): void
  pollTimeout(): number | undefined
  pollDatagram(): Uint8Array | undefined
  pollEvent(): DtlsEvent | undefined
}

/** What becomes of a datagram: each element is delivered, after `delayMs`. */
export type Path = (datagram: Uint8Array, from: Side) => { datagram: Uint8Array; delayMs: number }[]

export const perfectPath: Path = (datagram) => [{ datagram, delayMs: 1 }]

/** Loses, repeats and delays by chance; a delay is what reorders. */
export function lossyPath(seed: number, chance: { loss: number; repeat: number; maxDelayMs: number }): Path {
  const random = seededRandom(seed)
  return (datagram) => {
    const copies = random() < chance.loss ? 0 : random() < chance.repeat ? 2 : 1
    return Array.from({ length: copies }, () => ({ datagram, delayMs: 1 + random() * chance.maxDelayMs }))
  }
}

/** A path that is perfect but for what `alter` makes of each datagram; `undefined` loses it. */
export function alteredPath(alter: (datagram: Uint8Array, from: Side) => Uint8Array | undefined): Path {
  return (datagram, from) => {
    const altered = alter(datagram, from)
    return altered === undefined ? [] : [{ datagram: altered, delayMs: 1 }]
  }
}

/** Joins two ends on a clock of its own. */
export class VirtualNetwork {
  now = 0
  readonly events: Record<Side, DtlsEvent[]> = { client: [], server: [] }
  /** All that was sent, in order. */
  readonly sent: { from: Side; datagram: Uint8Array }[] = []
  readonly #ends: Record<Side, Endpoint>
  readonly #path: Path
  #inFlight: { at: number; to: Side; datagram: Uint8Array }[] = []

  constructor(client: Endpoint, server: Endpoint, path: Path = perfectPath) {
    this.#ends = { client, server }
    this.#path = path
  }

  start(): this {
    this.#ends.server.start(this.now)
    this.#ends.client.start(this.now)
    this.drain()
    return this
  }

  /** Runs until nothing is left to do, `until` holds, or `limitMs` have passed. */
  run(until: () => boolean = () => false, limitMs = 60_000): this {
    const end = this.now + limitMs
    while (!until()) {
      this.#inFlight.sort((a, b) => a.at - b.at)
      const delivery = this.#inFlight[0]
      const timeout = Math.min(
        this.#ends.client.pollTimeout() ?? Infinity,
        this.#ends.server.pollTimeout() ?? Infinity
      )
      const next = Math.min(delivery?.at ?? Infinity, timeout)
      if (next > end) break
      this.now = Math.max(this.now, next)
      if (delivery !== undefined && delivery.at <= timeout) {
        this.#inFlight.shift()
        this.#ends[delivery.to].handleDatagram(delivery.datagram, this.now)
      } else {
        this.#ends.client.handleTimeout(this.now)
        this.#ends.server.handleTimeout(this.now)
      }
      this.drain()
    }
    return this
  }

  /** Runs the handshake to its end, good or bad. */
  handshake(limitMs?: number): this {
    return this.start().run(() => this.isSettled, limitMs)
  }

  get isSettled(): boolean {
    const isDone = (end: Endpoint): boolean => ['connected', 'closed', 'failed'].includes(end.state)
    return isDone(this.#ends.client) && isDone(this.#ends.server) && this.#inFlight.length === 0
  }

  /** Takes out what the ends have to send and to say. */
  drain(): void {
    for (const side of ['client', 'server'] as const) {
      const end = this.#ends[side]
      for (let datagram = end.pollDatagram(); datagram !== undefined; datagram = end.pollDatagram()) {
        this.sent.push({ from: side, datagram })
        for (const delivery of this.#path(datagram, side)) {
          this.#inFlight.push({
            at: this.now + delivery.delayMs,
            to: side === 'client' ? 'server' : 'client',
            datagram: delivery.datagram
          })
        }
      }
      for (let event = end.pollEvent(); event !== undefined; event = end.pollEvent())
        this.events[side].push(event)
    }
  }

  /** The payloads delivered to one side. */
  received(side: Side): Uint8Array[] {
    return this.events[side].flatMap((event) => (event.type === 'data' ? [event.data] : []))
  }

  /** How one side failed, if it did. */
  failure(side: Side): string | undefined {
    const event = this.events[side].find(({ type }) => type === 'failed')
    return event?.type === 'failed' ? event.reason : undefined
  }
}
