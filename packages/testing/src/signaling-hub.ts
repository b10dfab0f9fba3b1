import type { Signaler } from '@hearsay/signaling'
import { InMemorySignaler } from './in-memory-signaler.ts'
import { SeededRandom } from './seeded-random.ts'

/** Time as the hub sees it; a `VirtualClock` or the real one. */
export interface HubClock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

export interface SignalingHubOptions {
  /** Of delays, losses and keys. @default 1 */
  seed?: number
  /** @default the real time */
  clock?: HubClock
  /** One-way delay in milliseconds, or its least and most. @default 0 */
  delayMs?: number | readonly [least: number, most: number]
  /** Probability that a transmission is lost; each loss costs one `retransmitMs`. @default 0 */
  loss?: number
  /** @default 100 */
  retransmitMs?: number
}

export interface JoinOptions {
  /** Whom to take offers from; the others are refused as `not-admitted`. @default everybody */
  admit?: (remotePeer: string) => boolean
}

/**
 * Signaling without a network: whoever has joined reaches everybody else who has, with the guarantees of `Signaler`
 * (order, once, glare by peer ID, the same hello key on both ends), and with delays and losses of your choice.
 */
export class SignalingHub {
  readonly #clock: HubClock
  readonly #random: SeededRandom
  readonly #delayMs: readonly [number, number]
  readonly #loss: number
  readonly #retransmitMs: number
  readonly #members = new Map<string, InMemorySignaler>()
  readonly #cut = new Set<string>()

  constructor(options: SignalingHubOptions = {}) {
    const { delayMs = 0 } = options
    this.#clock = options.clock ?? REAL_TIME
    this.#random = new SeededRandom(options.seed ?? 1)
    this.#delayMs = typeof delayMs === 'number' ? [delayMs, delayMs] : delayMs
    this.#loss = options.loss ?? 0
    this.#retransmitMs = options.retransmitMs ?? 100
  }

  /** @param peerId an Ed25519 peer ID such as `testPeerId(1)` gives; joining again is a new instance of it */
  join(peerId: string, options: JoinOptions = {}): Signaler {
    this.leave(peerId)
    const member = new InMemorySignaler(peerId, this.#makeInstance(), options.admit ?? (() => true), {
      clock: this.#clock,
      findPeer: (remotePeer) => this.#members.get(remotePeer),
      makeKey: () => this.#random.bytes(32),
      transmit: (to, notBefore, deliver) => this.#transmit(peerId, to, notBefore, deliver)
    })
    this.#members.set(peerId, member)
    return member
  }

  /** The process is gone without a word; what it is in the middle of fails by its timeouts. */
  leave(peerId: string): void {
    this.#members.get(peerId)?.vanish()
    this.#members.delete(peerId)
  }

  /** Nothing passes between the two any more, either way. */
  cut(one: string, other: string): void {
    this.#cut.add(pairName(one, other))
  }

  heal(one: string, other: string): void {
    this.#cut.delete(pairName(one, other))
  }

  /** A day has passed for the session that the one has with the other: it asks for a new handshake. */
  age(one: string, other: string): void {
    this.#members.get(one)?.askRehandshake(other)
  }

  /** @returns when it arrives, for the next in order to arrive no earlier */
  #transmit(from: string, to: string, notBefore: number, deliver: () => void): number {
    const now = this.#clock.now()
    if (this.#cut.has(pairName(from, to))) return now
    const [least, most] = this.#delayMs
    let delay = least + this.#random.number() * (most - least)
    while (this.#random.chance(this.#loss)) delay += this.#retransmitMs
    const due = Math.max(notBefore, now + delay)
    this.#clock.setTimeout(() => {
      if (!this.#cut.has(pairName(from, to))) deliver()
    }, due - now)
    return due
  }

  /** 8 bytes of start time, 8 random ones. */
  #makeInstance(): Uint8Array {
    const instance = this.#random.bytes(16)
    new DataView(instance.buffer).setBigUint64(0, BigInt(Math.floor(this.#clock.now())))
    return instance
  }
}

/** Makes a hub; see `SignalingHub`. */
export function createSignalingHub(options?: SignalingHubOptions): SignalingHub {
  return new SignalingHub(options)
}

const REAL_TIME: HubClock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>)
}

function pairName(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}
