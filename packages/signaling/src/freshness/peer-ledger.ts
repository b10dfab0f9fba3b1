import { compareInstances } from './instance.ts'

interface Entry {
  instance: Uint8Array
  /** The highest dial serial of that instance which counts: taken, or named void by the peer itself. */
  serial: number
}

/**
 * The newest instance known of each peer, and its highest dial serial: what makes a replayed message 1 worthless while
 * we live. (After a restart our own instance, which it names, does.) Bounded; who has been quiet longest is forgotten
 * first, but never a peer with a live session.
 */
export class PeerLedger {
  readonly #capacity: number
  readonly #isLive: (peer: string) => boolean
  readonly #entries = new Map<string, Entry>()

  constructor(capacity: number, isLive: (peer: string) => boolean) {
    this.#capacity = capacity
    this.#isLive = isLive
  }

  instanceOf(peer: string): Uint8Array | undefined {
    return this.#entries.get(peer)?.instance
  }

  /** Whether `instance` is not older than what is known of the peer. */
  isCurrent(peer: string, instance: Uint8Array): boolean {
    const entry = this.#entries.get(peer)
    return entry === undefined || compareInstances(instance, entry.instance) >= 0
  }

  /** Whether a message 1 of this instance with this serial would be newer than all before it. */
  isNewer(peer: string, instance: Uint8Array, serial: number): boolean {
    const entry = this.#entries.get(peer)
    const order = entry === undefined ? 1 : compareInstances(instance, entry.instance)
    return order > 0 || (order === 0 && serial > entry!.serial)
  }

  /**
   * Takes note of an instance and, where given, of a serial up to which the peer's message 1 counts for nothing any
   * more. Older instances change nothing. Returns whether a known instance made way for a newer one.
   */
  note(peer: string, instance: Uint8Array, serial = 0): boolean {
    const entry = this.#entries.get(peer)
    const order = entry === undefined ? 1 : compareInstances(instance, entry.instance)
    if (order < 0) {
      return false
    }
    this.#entries.delete(peer)
    this.#entries.set(
      peer,
      order === 0
        ? { instance: entry!.instance, serial: Math.max(serial, entry!.serial) }
        : { instance: instance.slice(), serial }
    )
    this.#evict()
    return entry !== undefined && order > 0
  }

  #evict(): void {
    if (this.#entries.size <= this.#capacity) {
      return
    }
    for (const peer of this.#entries.keys()) {
      if (!this.#isLive(peer)) {
        this.#entries.delete(peer)
        return
      }
    }
  }
}
