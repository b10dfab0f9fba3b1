import { compareInstances, TokenBucket } from '@hearsay/signaling'
import { OriginTable } from './origin-table.ts'
import type { Flood } from './flood.ts'

/** A flood whose origin has signed it. */
export interface FloodArrival {
  /** What its verdict is told under. */
  readonly ticket: number
  /** Who passed it on, by peer ID. */
  readonly neighbour: string
  /** Who said it, by peer ID. */
  readonly origin: string
  readonly flood: Flood
}

/**
 * Why a flood is not taken, nor passed on. None of it is the neighbour's fault, who may have known less than we do.
 * `unknown`: presence tells of no such process. `crowded`: too many came of all together.
 */
export type FloodRefusal = 'duplicate' | 'stale' | 'unknown' | 'too-often' | 'crowded' | 'own'

export type FloodVerdict = 'accepted' | FloodRefusal

export type BroadcastOutput =
  /** What gossip is to do with a flood. */
  | { readonly type: 'judged'; readonly ticket: number; readonly verdict: FloodVerdict }
  /** A message for the application. */
  | { readonly type: 'deliver'; readonly origin: string; readonly flood: Flood }
  /** Our presence is to say that our broadcasts up to this counter are old. */
  | { readonly type: 'settled'; readonly counter: number }

/** What presence tells of a member. */
export interface KnownOrigin {
  readonly instance: Uint8Array
  /** Its broadcasts up to this counter are old. */
  readonly settled: number
}

export interface BroadcastCoreOptions {
  readonly localPeer: string
  readonly lookUp: (peerId: string) => KnownOrigin | undefined
  /** Whether there may be members that presence cannot tell of, because its table is full. */
  readonly isPartial: () => boolean
  /** Members of whose broadcasts we keep account. */
  readonly maxOrigins: number
  /** Counts our broadcasts, in other rooms too, which share sessions with this one. @default counts those in this room */
  readonly nextCounter?: () => number
}

/** What we flood ourselves at once, and on average: it costs the whole room. */
export const OWN_BURST = 16
export const OWN_PER_SECOND = 2

/** Floods of all origins together that are taken and passed on: about a twentieth of a core, 1 MiB/s of the largest. */
const TOTAL_BURST = 512
const TOTAL_PER_SECOND = 128

/** What one neighbour may have us open, whoever's it is: more than an honest one can pass on. */
const NEIGHBOUR_BURST = 1_024
const NEIGHBOUR_PER_SECOND = 256
const MAX_NEIGHBOURS = 1_024

/** A flood is old when it was made so long ago: gossip is done with it in a few seconds, or has lost it. */
export const SETTLE_MS = 30_000

/** A flood of whom we have a session with waits so long for the copy over the session, which keeps its order. */
export const HOLD_MS = 2_000
const MAX_HELD = 256

/** A flood of whom presence does not tell yet waits so long: gossipsub would charge the neighbour for 3 seconds. */
export const WAIT_MS = 2_000
const MAX_WAITING = 256
const MAX_WAITING_OF_NEIGHBOUR = 64

/** What somebody said may come a little later than that it has left. */
export const LINGER_MS = 10_000
const MAX_DEPARTED = 1_024

interface Held {
  readonly origin: string
  readonly flood: Flood
  readonly until: number
}

interface Waiting {
  readonly arrival: FloodArrival
  readonly until: number
}

/**
 * Which broadcasts are taken, and that each is taken once, whichever way it comes: a sans-IO core. It counts our own,
 * too, and says when they are old.
 */
export class BroadcastCore {
  readonly #options: BroadcastCoreOptions
  readonly #origins: OriginTable
  readonly #outputs: BroadcastOutput[] = []
  readonly #own: TokenBucket
  readonly #total: TokenBucket
  readonly #neighbours = new Map<string, TokenBucket>()
  /** Peers whose session can be used. */
  readonly #sessions = new Set<string>()
  readonly #held = new Map<string, Held>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #departed = new Map<string, KnownOrigin & { readonly until: number }>()
  /** What we have flooded and is not old yet, the eldest first. */
  readonly #unsettled: { readonly counter: number; readonly at: number }[] = []
  #settleAt = Number.POSITIVE_INFINITY
  #settled = 0
  #counter = 0

  constructor(options: BroadcastCoreOptions, now: number) {
    this.#options = options
    this.#origins = new OriginTable(options.maxOrigins)
    this.#own = new TokenBucket(OWN_BURST, OWN_PER_SECOND, now)
    this.#total = new TokenBucket(TOTAL_BURST, TOTAL_PER_SECOND, now)
  }

  /** Members of whose broadcasts we keep account. */
  get origins(): number {
    return this.#origins.size
  }

  /** The counter of a broadcast of ours. */
  nextCounter(): number {
    return this.#options.nextCounter?.() ?? ++this.#counter
  }

  /** Whether we may flood one now. */
  allowsFlooding(now: number): boolean {
    return this.#own.take(now)
  }

  /** A broadcast of ours went out by gossip. */
  handleFlooded(counter: number, now: number): void {
    if (this.#unsettled.length === 0) this.#settleAt = now + SETTLE_MS
    this.#unsettled.push({ counter, at: now })
  }

  /** Whether a neighbour may have us open one more. */
  allowsOpening(neighbour: string, now: number): boolean {
    let bucket = this.#neighbours.get(neighbour)
    if (bucket === undefined) {
      bucket = new TokenBucket(NEIGHBOUR_BURST, NEIGHBOUR_PER_SECOND, now)
      this.#neighbours.set(neighbour, bucket)
      dropOldest(this.#neighbours, MAX_NEIGHBOURS)
    }
    return bucket.take(now)
  }

  /** What is sure to be refused, so that its signature need not be verified; nothing for any other. */
  screen(origin: string, { instance, counter }: Flood, now: number): FloodRefusal | undefined {
    if (origin === this.#options.localPeer) return 'own'
    const known = this.#lookUp(origin, now)
    const age = known === undefined ? 1 : compareInstances(instance, known.instance)
    if (known !== undefined && (age < 0 || (age === 0 && counter <= known.settled))) return 'stale'
    const before = this.#origins.get(origin)
    const order = before === undefined ? 1 : compareInstances(instance, before.instance)
    if (order < 0) return 'stale'
    if (order === 0 && before?.seen.isNew(counter) === false) return 'duplicate'
    return this.#held.has(keyOf(origin, instance, counter)) ? 'duplicate' : undefined
  }

  /** A flood came by gossip, and is its origin's. Its verdict is put out now or within `WAIT_MS`. */
  handleFlood(arrival: FloodArrival, now: number): void {
    const verdict = this.#judge(arrival, now)
    if (verdict !== undefined) this.#tell(arrival.ticket, verdict)
    else if (this.#mayWait(arrival.neighbour)) {
      this.#waiting.set(arrival.ticket, { arrival, until: now + WAIT_MS })
    } else this.#tell(arrival.ticket, 'unknown')
  }

  /** A broadcast came over a session. @returns whether it is to be delivered */
  handleCopy(peerId: string, instance: Uint8Array, counter: number, now: number): boolean {
    if (this.#held.size > 0) this.#held.delete(keyOf(peerId, instance, counter))
    return this.#origins.enter(peerId, instance, now)?.seen.take(counter) ?? false
  }

  /** A session can be used, or cannot any more. */
  handleSession(peerId: string, isUsable: boolean, now: number): void {
    if (isUsable) this.#sessions.add(peerId)
    else this.#sessions.delete(peerId)
    if (isUsable) return
    for (const [key, held] of [...this.#held]) if (held.origin === peerId) this.#release(key, held, now)
  }

  /** Presence tells of a member, or something new of it. */
  handleMember(peerId: string, now: number): void {
    this.#departed.delete(peerId)
    for (const [ticket, { arrival }] of [...this.#waiting]) {
      if (arrival.origin !== peerId) continue
      const verdict = this.#judge(arrival, now)
      if (verdict === undefined) continue
      this.#waiting.delete(ticket)
      this.#tell(ticket, verdict)
    }
  }

  /** A member has left, as far as presence can tell. */
  handleLeft(peerId: string, { instance, settled }: KnownOrigin, now: number): void {
    this.#departed.delete(peerId)
    this.#departed.set(peerId, { instance, settled, until: now + LINGER_MS })
    dropOldest(this.#departed, MAX_DEPARTED)
  }

  /** Nothing that waits is delivered any more. */
  handleClose(): void {
    for (const ticket of this.#waiting.keys()) this.#tell(ticket, 'unknown')
    this.#waiting.clear()
    this.#held.clear()
    this.#unsettled.length = 0
    this.#settleAt = Number.POSITIVE_INFINITY
  }

  handleTimeout(now: number): void {
    for (const [ticket, { until }] of this.#waiting) {
      if (until > now) break
      this.#waiting.delete(ticket)
      this.#tell(ticket, 'unknown')
    }
    for (const [key, held] of this.#held) {
      if (held.until > now) break
      this.#release(key, held, now)
    }
    if (now >= this.#settleAt) this.#settle(now)
  }

  pollOutput(): BroadcastOutput | undefined {
    return this.#outputs.shift()
  }

  /** When `handleTimeout` wants to be called next, or nothing. */
  pollTimeout(): number | undefined {
    // Both are in the order in which their time comes.
    const [waiting] = this.#waiting.values()
    const [held] = this.#held.values()
    const next = Math.min(waiting?.until ?? Infinity, held?.until ?? Infinity, this.#settleAt)
    return Number.isFinite(next) ? next : undefined
  }

  /** @returns nothing while presence does not tell of the process that has said it */
  #judge({ origin, flood }: FloodArrival, now: number): FloodVerdict | undefined {
    const refusal = this.screen(origin, flood, now)
    if (refusal !== undefined) return refusal
    if (!this.#isKnown(origin, flood.instance, now)) return undefined
    const entry = this.#origins.enter(origin, flood.instance, now)
    if (entry?.bucket.take(now) !== true) return 'too-often'
    if (!this.#total.take(now)) return 'crowded'
    this.#take(origin, flood, now)
    return 'accepted'
  }

  /** In a room larger than our table of it we have nothing but our own memory to tell by. */
  #isKnown(origin: string, instance: Uint8Array, now: number): boolean {
    const known = this.#lookUp(origin, now)
    return known === undefined ? this.#options.isPartial() : compareInstances(instance, known.instance) === 0
  }

  #lookUp(peerId: string, now: number): KnownOrigin | undefined {
    const known = this.#options.lookUp(peerId)
    if (known !== undefined) return known
    const departed = this.#departed.get(peerId)
    return departed !== undefined && departed.until > now ? departed : undefined
  }

  #mayWait(neighbour: string): boolean {
    if (this.#waiting.size >= MAX_WAITING) return false
    const its = [...this.#waiting.values()].filter(({ arrival }) => arrival.neighbour === neighbour)
    return its.length < MAX_WAITING_OF_NEIGHBOUR
  }

  #take(origin: string, flood: Flood, now: number): void {
    const key = keyOf(origin, flood.instance, flood.counter)
    const held = { origin, flood, until: now + HOLD_MS }
    if (!this.#sessions.has(origin)) {
      this.#release(key, held, now)
      return
    }
    this.#held.set(key, held)
    if (this.#held.size <= MAX_HELD) return
    const [oldest] = this.#held
    if (oldest !== undefined) this.#release(...oldest, now)
  }

  #release(key: string, { origin, flood }: Held, now: number): void {
    this.#held.delete(key)
    const isNew = this.#origins.enter(origin, flood.instance, now)?.seen.take(flood.counter) ?? false
    if (isNew) this.#outputs.push({ type: 'deliver', origin, flood })
  }

  #settle(now: number): void {
    let next = this.#unsettled[0]
    while (next !== undefined && next.at + SETTLE_MS <= now) {
      this.#settled = Math.max(this.#settled, next.counter)
      this.#unsettled.shift()
      next = this.#unsettled[0]
    }
    // One record for all that was flooded meanwhile: presence is to stay quiet.
    this.#settleAt = next === undefined ? Number.POSITIVE_INFINITY : now + SETTLE_MS
    this.#outputs.push({ type: 'settled', counter: this.#settled })
  }

  #tell(ticket: number, verdict: FloodVerdict): void {
    this.#outputs.push({ type: 'judged', ticket, verdict })
  }
}

function keyOf(origin: string, instance: Uint8Array, counter: number): string {
  return `${origin} ${instance.join('.')} ${counter}`
}

function dropOldest(table: Map<string, unknown>, limit: number): void {
  if (table.size <= limit) return
  const [oldest] = table.keys()
  if (oldest !== undefined) table.delete(oldest)
}
