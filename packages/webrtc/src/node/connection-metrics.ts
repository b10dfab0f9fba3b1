import { CandidatePairState } from 'werift'
import type { ConnectionMetrics } from '../metrics.ts'
import type { DtlsTransport } from './dtls-transport.ts'
import type { IceTransport } from './ice/transport.ts'

type Step = 'initializationMs' | 'gatheringMs' | 'iceMs' | 'dtlsMs' | 'sctpMs'

/** Notes how long the steps of a connection's beginning took. Later generations do not count. */
export class MetricsRecorder {
  readonly #begun = new Map<Step, number>()
  readonly #took: Partial<Record<Step, number>> = {}

  begin(step: Step): void {
    if (!this.#begun.has(step)) this.#begun.set(step, performance.now())
  }

  end(step: Step): void {
    const begun = this.#begun.get(step)
    if (begun !== undefined) this.#took[step] ??= performance.now() - begun
  }

  snapshot(ice: IceTransport, dtls: DtlsTransport): ConnectionMetrics {
    const pairs = ice.agents.flatMap((agent) => agent.pairs)
    const iceDrops: Record<string, number> = {}
    for (const { drops } of ice.agents) {
      for (const [reason, count] of Object.entries(drops)) iceDrops[reason] = (iceDrops[reason] ?? 0) + count
    }
    return {
      ...this.#took,
      candidatePairs: {
        tried: pairs.filter(({ requestsSent }) => requestsSent > 0).length,
        succeeded: pairs.filter(({ state }) => state === CandidatePairState.SUCCEEDED).length,
        failed: pairs.filter(({ state }) => state === CandidatePairState.FAILED).length
      },
      iceDrops,
      dtlsDrops: dtls.drops
    }
  }
}
