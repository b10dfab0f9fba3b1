import type { FloodRefusal } from './broadcast/broadcast-core.ts'
import type { Counter, CounterGroup, HistogramGroup, Metrics } from '@libp2p/interface'

/** How a presence record was taken; what cannot be read is `invalid`. */
type RecordResult =
  'invalid' | 'foreign' | 'accepted' | 'renewed' | 'stale' | 'too-often' | 'table-full' | 'own'

/** What became of a broadcast that came by gossip. */
export type FloodResult =
  'delivered' | 'undecodable' | 'not-admitted' | 'dropped' | 'invalid' | 'foreign' | 'busy' | FloodRefusal

/** How an attempt to connect ended. */
export type DialResult = 'connected' | 'failed' | 'refused'

/** What is counted on the spot; sizes are read when metrics are collected. */
export interface MeshGauges {
  peers(): number
  members(): number
  neighbours(): number
}

/** The mesh's own metrics, in whatever implementation the libp2p node has; without one they cost nothing. */
export class MeshMetrics {
  readonly #records: CounterGroup | undefined
  readonly #floods: CounterGroup | undefined
  readonly #dials: CounterGroup | undefined
  readonly #refusals: CounterGroup | undefined
  readonly #mismatches: Counter | undefined
  readonly #connectTime: HistogramGroup | undefined

  constructor(metrics: Metrics | undefined, gauges: MeshGauges) {
    metrics?.registerMetricGroup('hearsay_mesh', {
      label: 'kind',
      help: 'Peers connected over WebRTC, members known by presence, overlay neighbours in the room',
      calculate: () => ({ peers: gauges.peers(), members: gauges.members(), neighbours: gauges.neighbours() })
    })
    this.#records = metrics?.registerCounterGroup('hearsay_presence_records_total', {
      label: 'result',
      help: 'Presence records heard'
    })
    this.#floods = metrics?.registerCounterGroup('hearsay_flooded_broadcasts_total', {
      label: 'result',
      help: 'Broadcasts that came by gossip'
    })
    this.#dials = metrics?.registerCounterGroup('hearsay_dials_total', {
      label: 'result',
      help: 'Attempts to connect to a peer'
    })
    this.#refusals = metrics?.registerCounterGroup('hearsay_refused_offers_total', {
      label: 'reason',
      help: 'Offers of others that were refused'
    })
    this.#mismatches = metrics?.registerCounter('hearsay_room_key_mismatches_total', {
      help: "Times that nobody was found who shares the room's key"
    })
    this.#connectTime = metrics?.registerHistogramGroup('hearsay_connect_milliseconds', {
      label: 'path',
      help: 'From offer to open channel, by the path that carried the offer',
      buckets: [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]
    })
  }

  presenceRecord(result: RecordResult): void {
    this.#records?.increment({ [result]: true })
  }

  flood(result: FloodResult): void {
    this.#floods?.increment({ [result]: true })
  }

  dial(result: DialResult): void {
    this.#dials?.increment({ [result]: true })
  }

  refusal(reason: 'not-admitted' | 'busy' | 'closing'): void {
    this.#refusals?.increment({ [reason]: true })
  }

  keyMismatch(): void {
    this.#mismatches?.increment()
  }

  /** `path` is one of the few names of paths. */
  connected(path: string, durationMs: number): void {
    this.#connectTime?.observe({ [path]: durationMs })
  }
}
