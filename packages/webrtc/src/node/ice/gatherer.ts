import type { IceServer, IceServerUrl } from '../../configuration/index.ts'
import { gatherHost } from './gather-host.ts'
import { gatherRelayed } from './gather-relayed.ts'
import type { Gathering } from './gathering.ts'
import { InterfaceWatch } from './interface-watch.ts'

/** Servers of one kind that are asked; more add delay and traffic, not paths. */
const MAX_SERVERS = 4

export interface GathererInit extends Gathering {
  /** The addresses of this machine as they are now. */
  readonly hostAddresses: () => readonly string[]
  readonly iceServers: readonly IceServer[]
  /** Gather relayed candidates only. */
  readonly relayOnly: boolean
  /** All candidates have come: no other will be told of. */
  onComplete(): void
}

/**
 * Gathers candidates (RFC 8445 §5.1.1), and looks for interfaces that come up later until it is told that no more are
 * needed. What comes up after the end is not announced, for the peer takes the end at its word; but there are checks
 * from there, and where one succeeds the peer has learned the address by it.
 */
export class Gatherer {
  readonly #init: GathererInit
  readonly #gathering: Gathering
  readonly #watch = new InterfaceWatch()
  /** Addresses so far, by whether they are IPv6. */
  readonly #counts = new Map<boolean, number>()
  #timer: NodeJS.Timeout | undefined
  #pending = 0
  #isWatching: boolean
  #isComplete = false

  constructor(init: GathererInit) {
    this.#init = init
    this.#gathering = {
      signal: init.signal,
      onBaseCreated: init.onBaseCreated.bind(init),
      onBase: init.onBase.bind(init),
      onCandidate: (candidate, url) => {
        if (!this.#isComplete) init.onCandidate(candidate, url)
      },
      onError: init.onError.bind(init)
    }
    this.#isWatching = !init.relayOnly
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  start(): void {
    for (const [index, { server, url }] of this.#urls('turn').entries()) {
      this.#track(gatherRelayed(this.#gathering, server, url, index))
    }
    if (this.#isWatching) this.#look()
    // Where there is nothing to wait for, the end comes all the same after the caller has gone on.
    this.#track(Promise.resolve())
  }

  /** What is under way comes to its end, but no more interfaces are looked for. Idempotent. */
  stopWatching(): void {
    if (!this.#isWatching) return
    this.#isWatching = false
    clearTimeout(this.#timer)
    this.#conclude()
  }

  #look(): void {
    const servers = this.#isComplete ? [] : this.#urls('stun').map(({ url }) => url)
    for (const address of this.#watch.look(this.#init.hostAddresses())) {
      this.#track(this.#gatherHost(address, servers))
    }
    this.#timer = setTimeout(() => {
      this.#look()
    }, this.#watch.waitMs)
    this.#conclude()
  }

  async #gatherHost(address: string, servers: readonly IceServerUrl[]): Promise<void> {
    const isIpv6 = address.includes(':')
    const index = this.#counts.get(isIpv6) ?? 0
    this.#counts.set(isIpv6, index + 1)
    if (!(await gatherHost(this.#gathering, address, index, servers))) this.#watch.forget(address)
  }

  #urls(kind: 'stun' | 'turn') {
    const urls = this.#init.iceServers.flatMap((server) => server.urls.map((url) => ({ server, url })))
    return urls
      .filter(({ url }) => (kind === 'stun' ? url.scheme === 'stun' : url.scheme.startsWith('turn')))
      .slice(0, MAX_SERVERS)
  }

  #track(part: Promise<void>): void {
    this.#pending++
    void part.then(() => {
      this.#pending--
      this.#conclude()
    })
  }

  #conclude(): void {
    const isEarly = this.#isWatching && this.#watch.isEarly
    if (this.#isComplete || this.#pending > 0 || isEarly || this.#init.signal.aborted) return
    this.#isComplete = true
    this.#init.onComplete()
  }
}
