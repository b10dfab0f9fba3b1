import { backoffMs } from '../backoff.ts'
import { REPUBLISH_MS } from './constants.ts'

/** A round through the directory (a DHT): look up who is in the room, or put ourselves down as a member. */
export type Round = 'seek' | 'provide'

/** What is known of the room when the planner is asked. */
export interface RoomView {
  /** Overlay neighbours in the room. */
  readonly neighbours: number
  /** Members known beside us. */
  readonly members: number
}

/** How a round ended; `found` is how many members it brought that are not us. */
export interface RoundResult {
  readonly ok: boolean
  readonly found: number
}

/**
 * How many members are to stand in the directory: each finds the room for a newcomer, so a few that live are enough,
 * whatever its size. In a smaller room all do.
 */
export const PROVIDERS_WANTED = 16

/** Between lookups while we are alone, doubling: two that start together find each other at the second one. */
const ALONE = { baseMs: 1_000, maxMs: 60_000 }

/**
 * Pauses before the lookups that follow our coming into the room. Members that start together find some of each other
 * before all have provided: then there are islands, each of which takes itself for the room.
 */
const FOLLOW_UPS_MS = [2_000, 8_000, 50_000]

/** The first pause after a failure, doubling. */
const FAILED = { baseMs: 1_000, maxMs: 60_000 }

/** So long for reaching those whom the first lookup found: they may all be gone, and then we are the one to be found. */
const REACH_MS = 2_000

/** Once in the room, so long for hearing how large it is, before the first lot. */
const SETTLE_MS = 5_000

/** In a room that has become small those who do not provide begin to within this time, not all at once. */
const SHRUNK_MS = 60_000

/**
 * Decides when to use the directory: a sans-IO core. Alone in the room, we seek until somebody is found. In the room,
 * each member decides by lot, twice in the life of a record, whether to provide: no member depends on what others
 * claim to do, and the directory's load does not grow with the room. Who provides seeks too: two halves of a room that
 * have lost each other meet in the directory.
 */
export class RoundPlanner {
  readonly #random: () => number
  #alone = true
  #running: Round | undefined
  #seeks = 0
  #failures = 0
  #seekAt = 0
  /** Infinite until the first lookup has succeeded. */
  #provideAt = Infinity
  /** We drew the lot not to provide. */
  #resting = false
  #hasDrawn = false
  /** How many lookups have followed our coming into the room. */
  #followUps = 0

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random
  }

  /** The round to begin now, if any; its end must be told before another is given. */
  poll(view: RoomView, now: number): Round | undefined {
    this.#look(view, now)
    if (this.#running !== undefined) return undefined
    if (now >= this.#seekAt) this.#running = 'seek'
    else if (now >= this.#provideAt) this.#running = this.#lot(view, now)
    return this.#running
  }

  handleDone(result: RoundResult, now: number): void {
    const round = this.#running
    this.#running = undefined
    this.#failures = result.ok ? 0 : this.#failures + 1
    if (round === 'seek') this.#handleSought(result, now)
    if (round === 'provide') this.#handleProvided(result, now)
  }

  #look({ neighbours, members }: RoomView, now: number): void {
    const alone = neighbours === 0
    if (alone && !this.#alone) {
      this.#seeks = 0
      this.#seekAt = now
    }
    if (!alone && this.#alone && this.#provideAt !== Infinity) {
      this.#followUps = 0
      this.#seekAt = this.#followUpAt(now)
      if (!this.#hasDrawn) this.#provideAt = now + SETTLE_MS
    }
    this.#alone = alone
    if (!this.#resting || members >= PROVIDERS_WANTED) return
    this.#resting = false
    this.#provideAt = Math.min(this.#provideAt, now + SHRUNK_MS * this.#random())
  }

  #lot({ members }: RoomView, now: number): Round | undefined {
    this.#hasDrawn = true
    if (this.#random() * (members + 1) < PROVIDERS_WANTED) return 'provide'
    this.#resting = true
    this.#provideAt = now + this.#interval()
    return undefined
  }

  #handleSought({ ok, found }: RoundResult, now: number): void {
    this.#seeks++
    if (ok && this.#provideAt === Infinity) {
      this.#provideAt = now + (this.#alone ? (found === 0 ? 0 : REACH_MS) : SETTLE_MS)
    }
    const pause = ok ? backoffMs(ALONE, this.#seeks, this.#random()) : this.#pauseAfterFailure()
    this.#seekAt = this.#alone || this.#provideAt === Infinity ? now + pause : this.#followUpAt(now)
  }

  #handleProvided({ ok }: RoundResult, now: number): void {
    this.#provideAt = now + (ok ? this.#interval() : this.#pauseAfterFailure())
    if (ok && !this.#alone) this.#seekAt = now
  }

  #followUpAt(now: number): number {
    return now + (FOLLOW_UPS_MS[this.#followUps++] ?? Infinity)
  }

  #pauseAfterFailure(): number {
    return backoffMs(FAILED, this.#failures, this.#random())
  }

  /** Members that began together must not come back together. */
  #interval(): number {
    return REPUBLISH_MS * (0.75 + this.#random() / 2)
  }
}
