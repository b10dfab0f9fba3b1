import type { CounterGroup, Metrics } from '@libp2p/interface'

/** Why something that came in was not acted on. */
export type DropReason =
  | 'malformed'
  | 'not-for-us'
  | 'wrong-version'
  | 'over-quota'
  | 'under-load'
  | 'unknown-session'
  | 'session-mismatch'
  | 'not-authentic'
  | 'key-refused'
  | 'from-ourselves'
  | 'older-instance'
  | 'no-proof'
  | 'unknown-instance'
  | 'not-newer'
  | 'glare'
  | 'repeated'

export type DialResult = 'answered' | 'refused' | 'yielded' | 'timeout' | 'no-path' | 'aborted'

/** Counts what happens, for whoever looks at `signaler.counts` or has given libp2p metrics. */
export class Counters {
  readonly dropped = new Map<DropReason, number>()
  readonly #dropped: CounterGroup<string> | undefined
  readonly #sent: CounterGroup<string> | undefined
  readonly #sentBytes: CounterGroup<string> | undefined
  readonly #received: CounterGroup<string> | undefined
  readonly #dials: CounterGroup<string> | undefined

  constructor(metrics: Metrics | undefined) {
    this.#dropped = metrics?.registerCounterGroup('hearsay_signaling_dropped_total', {
      label: 'reason',
      help: 'Envelopes that were not acted on'
    })
    this.#sent = metrics?.registerCounterGroup('hearsay_signaling_sent_envelopes_total', { label: 'path' })
    this.#sentBytes = metrics?.registerCounterGroup('hearsay_signaling_sent_bytes_total', { label: 'path' })
    this.#received = metrics?.registerCounterGroup('hearsay_signaling_received_envelopes_total', {
      label: 'path'
    })
    this.#dials = metrics?.registerCounterGroup('hearsay_signaling_dials_total', { label: 'outcome' })
  }

  drop(reason: DropReason): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1)
    this.#dropped?.increment({ [reason]: 1 })
  }

  sent(path: string, bytes: number): void {
    this.#sent?.increment({ [path]: 1 })
    this.#sentBytes?.increment({ [path]: bytes })
  }

  received(path: string): void {
    this.#received?.increment({ [path]: 1 })
  }

  dial(result: DialResult): void {
    this.#dials?.increment({ [result]: 1 })
  }
}
