import type { HearsayComponents } from '../components.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The nodes by which we enter the DHT. */
export class DhtEntries {
  readonly #connectionManager: HearsayComponents['connectionManager']
  readonly #addresses: readonly Multiaddr[]
  /** Who answered at each address the last time. */
  readonly #answered = new Map<string, PeerId>()
  readonly #failures = new Map<string, unknown>()
  readonly #entered = Promise.withResolvers<undefined>()

  constructor(
    { connectionManager, peerId }: Pick<HearsayComponents, 'connectionManager' | 'peerId'>,
    addresses: readonly Multiaddr[]
  ) {
    this.#connectionManager = connectionManager
    // A list of DHT nodes may be given to each of them.
    this.#addresses = addresses.filter((address) => !address.toString().endsWith(`/p2p/${peerId.toString()}`))
    if (this.#addresses.length === 0) this.#entered.resolve(undefined)
  }

  /** How many there are, ourselves not counted. */
  get size(): number {
    return this.#addresses.length
  }

  /** Resolves once one of them has answered. */
  get entered(): Promise<undefined> {
    return this.#entered.promise
  }

  /** Why each that failed did so the last time. */
  get failures(): ReadonlyMap<string, unknown> {
    return this.#failures
  }

  /**
   * Connects to those that we are not connected to; resolves when one is.
   *
   * @throws {AggregateError} none can be reached
   */
  async connect(signal: AbortSignal): Promise<void> {
    if (this.#addresses.length === 0) return
    await Promise.any(this.#addresses.map((address) => this.#open(address, signal)))
    this.#entered.resolve(undefined)
  }

  async #open(address: Multiaddr, signal: AbortSignal): Promise<void> {
    const name = address.toString()
    const before = this.#answered.get(name)
    if (before !== undefined && this.#connectionManager.getConnections(before).length > 0) return
    try {
      const { remotePeer } = await this.#connectionManager.openConnection(address, { signal })
      this.#answered.set(name, remotePeer)
      this.#failures.delete(name)
    } catch (error) {
      this.#failures.set(name, error)
      throw error
    }
  }
}
