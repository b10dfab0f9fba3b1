import { MAX_HOST_ADDRESSES } from './host-addresses.ts'

/** From the first look at the interfaces to the second; every other wait is twice as long as the one before. */
const FIRST_WAIT_MS = 100
/** No wait is longer, however long an offer stays without an answer. */
const MAX_WAIT_MS = 30_000
/**
 * After so many looks, 1.5 s, what there is counts as all: Linux tells of a cable within a second, and libuv lists no
 * address before that.
 */
const EARLY_LOOKS = 5

/**
 * What comes up among a machine's interfaces once an agent has begun. An agent may begin before the network does, at
 * the start of a machine or a container, and must not have to do with loopback for good. It has no clock.
 */
export class InterfaceWatch {
  readonly #known = new Set<string>()
  #looks = 0

  /** Takes the addresses that there are now, and gives the new ones; `MAX_HOST_ADDRESSES` over its life. */
  look(addresses: readonly string[]): string[] {
    this.#looks++
    const fresh = addresses
      .filter((address) => !this.#known.has(address))
      .slice(0, MAX_HOST_ADDRESSES - this.#known.size)
    for (const address of fresh) this.#known.add(address)
    return fresh
  }

  /** An address could not be used yet, as one of IPv6 while its network is asked for another owner: it counts as new. */
  forget(address: string): void {
    this.#known.delete(address)
  }

  /** How long to wait with the next look, in ms. */
  get waitMs(): number {
    return Math.min(FIRST_WAIT_MS * 2 ** (this.#looks - 1), MAX_WAIT_MS)
  }

  /** Whether the network may only be about to come up: there is nothing but loopback so far. */
  get isEarly(): boolean {
    return this.#looks < EARLY_LOOKS && [...this.#known].every(isLoopback)
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
