import { createHmac } from 'node:crypto'
import { SctpAssociation, type SctpEvent, type SctpOptions } from '../../src/index.ts'
import { resolveOptions } from '../../src/options.ts'
import { Bottleneck, Link, PERFECT, type LinkConditions } from './link.ts'
import { SeededRandom } from './random.ts'

/** An association as its driver sees it, with all that it told. */
export class Endpoint {
  readonly association: SctpAssociation
  /** No larger than a driver's has to be. */
  readonly packetBuffer: Uint8Array
  readonly events: SctpEvent[] = []
  /** Whether events are polled; a slow reader has it false for a while. */
  reading = true
  /** Called for every event that was polled. */
  onEvent: (event: SctpEvent) => void = () => undefined

  constructor(options: Partial<SctpOptions>, random: SeededRandom, key = random.bytes(32)) {
    this.packetBuffer = new Uint8Array(resolveOptions(options).maxPacketSize)
    this.association = new SctpAssociation({
      options,
      random: () => random.uint32(),
      authenticate: (bytes) => createHmac('sha256', key).update(bytes).digest()
    })
  }

  get messages(): { streamId: number; ppid: number; data: Uint8Array }[] {
    return this.events.filter((event) => event.type === 'message')
  }

  eventsOf<T extends SctpEvent['type']>(type: T): Extract<SctpEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SctpEvent, { type: T }> => event.type === type)
  }

  pollEvents(): void {
    if (!this.reading) {
      return
    }
    for (
      let event = this.association.pollEvent();
      event !== undefined;
      event = this.association.pollEvent()
    ) {
      this.events.push(event)
      this.onEvent(event)
    }
  }
}

export interface PairInit {
  seed?: number
  a?: Partial<SctpOptions>
  b?: Partial<SctpOptions>
  conditions?: Partial<LinkConditions>
  /** Signs the cookies of both; a process has one for all associations. @default one for each */
  cookieKey?: Uint8Array
  /** What the way to `b` leads through, where other pairs share it. */
  bottleneck?: Bottleneck
}

/** Two associations and the path between them, on a virtual clock. */
export class Pair {
  readonly random: SeededRandom
  a: Endpoint
  b: Endpoint
  readonly toB: Link
  readonly toA: Link
  /** A process that has run for weeks. */
  now = 1e9

  constructor(init: PairInit = {}) {
    this.random = new SeededRandom(init.seed ?? 1)
    this.a = new Endpoint(init.a ?? {}, this.random, init.cookieKey)
    this.b = new Endpoint(init.b ?? {}, this.random, init.cookieKey)
    const conditions = { ...PERFECT, ...init.conditions }
    this.toB = new Link(this.random, conditions, init.bottleneck ?? new Bottleneck())
    this.toA = new Link(this.random, conditions)
  }

  /** Two associations that are connected, `a` having started. */
  static connected(init: PairInit = {}): Pair {
    const pair = new Pair(init)
    pair.a.association.connect(pair.now)
    pair.runUntil(
      () => pair.a.association.state === 'established' && pair.b.association.state === 'established'
    )
    return pair
  }

  set conditions(conditions: Partial<LinkConditions>) {
    this.toB.conditions = { ...this.toB.conditions, ...conditions }
    this.toA.conditions = { ...this.toA.conditions, ...conditions }
  }

  /** Sends what both have to send. */
  pump(): void {
    this.#pumpOne(this.a, this.toB)
    this.#pumpOne(this.b, this.toA)
  }

  /** When something happens next, `Infinity` for never. */
  get nextTime(): number {
    return Math.min(
      this.toA.nextArrival,
      this.toB.nextArrival,
      this.a.association.pollTimeout(),
      this.b.association.pollTimeout()
    )
  }

  /** Moves the clock to the next arrival or timer, and lets it happen; false where nothing ever will. */
  step(until = Infinity): boolean {
    this.pump()
    const next = this.nextTime
    if (next > until || next === Infinity) {
      this.now = Number.isFinite(until) ? until : this.now
      return false
    }
    this.now = Math.max(this.now, next)
    this.#deliver(this.a, this.toA)
    this.#deliver(this.b, this.toB)
    this.pump()
    return true
  }

  run(duration: number): void {
    const until = this.now + duration
    while (this.step(until)) {
      // All of it happens in the step.
    }
  }

  /** Runs until the condition holds; throws when it does not within `limit` milliseconds of virtual time. */
  runUntil(condition: () => boolean, limit = 120_000): void {
    const until = this.now + limit
    while (!condition()) {
      if (!this.step(until) && !condition()) {
        throw new Error(
          `not within ${limit} ms: ${condition.toString()}; a ${this.a.association.state}, b ${this.b.association.state}`
        )
      }
    }
  }

  send(from: Endpoint, streamId: number, data: Uint8Array | string, options = {}): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    from.association.send(streamId, 51, bytes, options, this.now)
  }

  #deliver(endpoint: Endpoint, link: Link): void {
    const { association } = endpoint
    for (let packet = link.receive(this.now); packet !== undefined; packet = link.receive(this.now)) {
      // As Node's dgram and crypto hand them on: a Buffer (whose slice() does not copy) that others write to later.
      const lent = Buffer.from(packet)
      association.handlePacket(lent, this.now)
      lent.fill(0xee)
    }
    if (association.pollTimeout() <= this.now) {
      association.handleTimeout(this.now)
    }
    endpoint.pollEvents()
    association.flush()
  }

  #pumpOne(endpoint: Endpoint, link: Link): void {
    endpoint.pollEvents()
    for (;;) {
      const { association, packetBuffer } = endpoint
      const length = association.pollPacket(packetBuffer, this.now)
      if (length === 0) {
        return
      }
      link.send(packetBuffer.subarray(0, length), this.now)
    }
  }
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data)
}
