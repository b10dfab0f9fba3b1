import { sha256 } from '@noble/hashes/sha2.js'
import { bytesKey } from '../bytes.ts'
import type { Responder } from '../handshake/responder.ts'
import type { Room } from '../rooms/room.ts'
import type { Lane } from '../scheduling/lane.ts'

/** A lane along which message 1 has come. */
export interface AnswerLane {
  readonly lane: Lane
  readonly cameAt: number
  /** When message 2 last went back along it, or would have, were it not spare. */
  sentAt: number
  sends: number
}

/** A message 1 that passed every check, and what became of it. */
export interface Offer {
  readonly key: string
  readonly remotePeer: string
  readonly responder: Responder
  /** Those that message 1 has proven. */
  readonly rooms: readonly Room[]
  /** Name of the path on which it came first. */
  readonly path: string
  readonly expiresAt: number
  /** `admitting` → `open` → `answered`; `void` where a newer one, or our own dial, has taken its place. */
  state: 'admitting' | 'open' | 'answered' | 'void'
  /** The bytes that answer every repetition of message 1. */
  message2: Uint8Array | undefined
  /** By their names, in the order in which message 1 came along them. */
  readonly lanes: Map<string, AnswerLane>
}

/**
 * Offers by the bytes of their message 1, for as long as those may be repeated. Bounded: the oldest make way, first those
 * that are answered or refused. An offer forgotten too early costs its initiator a timeout, nothing else: its serial is
 * not newer any more.
 */
export class OfferTable {
  readonly #capacity: number
  readonly #offers = new Map<string, Offer>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  static keyOf(message1: Uint8Array): string {
    return bytesKey(sha256(message1))
  }

  get(key: string, now: number): Offer | undefined {
    this.#expire(now)
    return this.#offers.get(key)
  }

  add(offer: Offer): void {
    this.#offers.set(offer.key, offer)
    if (this.#offers.size > this.#capacity) {
      const [oldest] = this.#offers.values()
      this.#remove([...this.#offers.values()].find(({ state }) => state === 'answered') ?? oldest)
    }
  }

  delete(offer: Offer): void {
    this.#offers.delete(offer.key)
  }

  /** Offers of a peer up to this serial count no more, nor do they take up room: nobody waits for their answers. */
  void(remotePeer: string, serial: number): void {
    for (const offer of this.#offers.values()) {
      if (offer.remotePeer === remotePeer && offer.responder.payload.dialSerial <= serial) {
        this.#remove(offer)
      }
    }
  }

  clear(): void {
    for (const offer of this.#offers.values()) {
      this.#remove(offer)
    }
  }

  /** They all live equally long, so the oldest expire first. */
  #expire(now: number): void {
    for (const offer of this.#offers.values()) {
      if (offer.expiresAt > now) {
        return
      }
      this.#remove(offer)
    }
  }

  #remove(offer: Offer): void {
    if (offer.state !== 'answered') {
      offer.state = 'void'
    }
    this.#offers.delete(offer.key)
  }
}
