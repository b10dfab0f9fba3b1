import { backoffMs } from '../backoff.ts'
import { withDeadline } from '../deadline.ts'
import type { DhtEntries } from './dht-entries.ts'
import type { Entering } from '../start-node.ts'
import type { Startable } from '@libp2p/interface'

/** A try to reach the entries takes no longer. */
const CONNECT_TIMEOUT_MS = 10_000

/** Between tries that failed, doubling. */
const FAILED = { baseMs: 500, maxMs: 60_000 }

/** How often it is looked at whether the entries are still connected. */
const CHECK_MS = 60_000

/** Keeps a DHT node connected to the entries it was given, so that nodes that restart are one DHT again. */
export class DhtEntrance implements Entering, Startable {
  readonly #entries: DhtEntries
  readonly #shutdown = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0

  constructor(entries: DhtEntries) {
    this.#entries = entries
  }

  get entered(): Promise<undefined> {
    return this.#entries.entered
  }

  get bootstrapFailures(): ReadonlyMap<string, unknown> {
    return this.#entries.failures
  }

  start(): void {
    // It begins when the node can dial.
  }

  afterStart(): void {
    void this.#connect()
  }

  beforeStop(): void {
    this.#shutdown.abort()
    clearTimeout(this.#timer)
  }

  stop(): void {
    this.beforeStop()
  }

  async #connect(): Promise<void> {
    try {
      await withDeadline(CONNECT_TIMEOUT_MS, this.#shutdown.signal, (signal) => this.#entries.connect(signal))
      this.#failures = 0
    } catch {
      this.#failures++
    }
    if (this.#shutdown.signal.aborted) return
    const pause = this.#failures === 0 ? CHECK_MS : backoffMs(FAILED, this.#failures, Math.random())
    this.#timer = setTimeout(() => {
      void this.#connect()
    }, pause)
  }
}
