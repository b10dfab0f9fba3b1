import { backoffMs } from '../backoff.ts'

/** Somebody whom a directory or the local network names as a member. It is a hint, and may be a lie. */
export interface FoundPeer {
  readonly peerId: string
  /** Multiaddrs with the peer ID, so that whoever else answers there is refused. */
  readonly addresses: readonly string[]
}

/** Peers remembered at most; the oldest is forgotten first. Whoever answers lookups can invent any number. */
const MAX_PEERS = 64

/** Addresses taken of one peer: each may cost a dial. */
const MAX_ADDRESSES = 8

/** Dials under way at once that may yet be quick. */
const MAX_PENDING = 4

/** A dial that takes longer does not keep others from being tried beside it: many of those found may be gone. */
const SLOW_DIAL_MS = 2_000

/** After a dial has succeeded, so long for hearing by presence of the others, who then need no dial of ours. */
const SETTLE_MS = 1_000

/** Between dials of one peer, doubling: what is gone stays in a directory until its record ends. */
const REDIAL = { baseMs: 5_000, maxMs: 600_000 }

interface Entry {
  addresses: readonly string[]
  dials: number
  dialAt: number
}

/** Which of the peers that were found to dial, and when: a sans-IO core. */
export class FoundPeers {
  readonly #random: () => number
  readonly #peers = new Map<string, Entry>()
  /** Dials under way, and since when. Their deadline bounds them. */
  readonly #pending = new Map<string, number>()
  #quietUntil = 0

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random
  }

  get size(): number {
    return this.#peers.size
  }

  handleFound({ peerId, addresses }: FoundPeer): void {
    const known = this.#peers.get(peerId)
    if (known !== undefined) {
      known.addresses = addresses.slice(0, MAX_ADDRESSES)
      return
    }
    if (this.#peers.size >= MAX_PEERS) this.#forgetOldest()
    this.#peers.set(peerId, {
      addresses: addresses.slice(0, MAX_ADDRESSES),
      dials: 0,
      dialAt: 0
    })
  }

  handleDialed(peerId: string, isConnected: boolean, now: number): void {
    this.#pending.delete(peerId)
    if (isConnected) this.#quietUntil = now + SETTLE_MS
    const entry = this.#peers.get(peerId)
    if (entry === undefined) return
    entry.dials++
    entry.dialAt = now + backoffMs(REDIAL, entry.dials, this.#random())
  }

  /**
   * The next peer to dial, if any; the end of the dial must be told.
   *
   * @param isNeeded whether a dial would bring anything: false for who is connected already, or known to be in the room
   */
  poll(isNeeded: (peerId: string) => boolean, now: number): FoundPeer | undefined {
    if (now < this.#quietUntil || this.#quick(now) >= MAX_PENDING) return undefined
    const due = [...this.#peers].filter(
      ([peerId, { dialAt }]) => dialAt <= now && !this.#pending.has(peerId) && isNeeded(peerId)
    )
    // Any of them: everybody who looks up a room finds the same list.
    const chosen = due[Math.floor(this.#random() * due.length)]
    if (chosen === undefined) return undefined
    const [peerId, entry] = chosen
    this.#pending.set(peerId, now)
    return { peerId, addresses: entry.addresses }
  }

  #quick(now: number): number {
    return [...this.#pending.values()].filter((since) => now - since < SLOW_DIAL_MS).length
  }

  #forgetOldest(): void {
    const [oldest] = this.#peers.keys()
    if (oldest !== undefined) this.#peers.delete(oldest)
  }
}
