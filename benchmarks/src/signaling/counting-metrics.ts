import type { Metrics } from '@libp2p/interface'

const nothing = (): void => undefined

const ignored = {
  update: nothing,
  increment: nothing,
  decrement: nothing,
  observe: nothing,
  reset: nothing,
  timer: () => nothing
}

/** libp2p metrics that keep what counter groups count, by name and label, and nothing else. */
export class CountingMetrics {
  readonly #counts = new Map<string, Map<string, number>>()

  readonly registerCounterGroup = this.#group.bind(this) as Metrics['registerCounterGroup']
  readonly registerMetric = ignore as Metrics['registerMetric']
  readonly registerMetricGroup = ignore as Metrics['registerMetricGroup']
  readonly registerCounter = ignore as Metrics['registerCounter']
  readonly registerHistogram = ignore as Metrics['registerHistogram']
  readonly registerHistogramGroup = ignore as Metrics['registerHistogramGroup']
  readonly registerSummary = ignore as Metrics['registerSummary']
  readonly registerSummaryGroup = ignore as Metrics['registerSummaryGroup']

  /** By label. */
  counts(name: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts.get(name) ?? [])
  }

  trackMultiaddrConnection(): void {
    // Not of interest.
  }

  trackProtocolStream(): void {
    // Not of interest.
  }

  traceFunction<F>(_name: string, traced: F): F {
    return traced
  }

  createTrace(): undefined {
    return undefined
  }

  #group(name: string): unknown {
    const counts = this.#counts.get(name) ?? new Map<string, number>()
    this.#counts.set(name, counts)
    return {
      ...ignored,
      increment: (labels: Record<string, number>) => {
        for (const [label, by] of Object.entries(labels)) counts.set(label, (counts.get(label) ?? 0) + by)
      }
    }
  }
}

function ignore(): unknown {
  return ignored
}
