import type { Metrics } from '@libp2p/interface'

type Calculate = () => unknown

/** Metrics that remember what was counted under which name and label. */
export class RecordedMetrics {
  readonly #labels = new Map<string, Set<string>>()
  readonly #calculations = new Map<string, Calculate>()

  // libp2p's interface has many shapes for one thing; all of them lead here.
  readonly registerMetric = this.#register.bind(this) as Metrics['registerMetric']
  readonly registerMetricGroup = this.#register.bind(this) as Metrics['registerMetricGroup']
  readonly registerCounter = this.#register.bind(this) as Metrics['registerCounter']
  readonly registerCounterGroup = this.#register.bind(this) as Metrics['registerCounterGroup']
  readonly registerHistogram = this.#register.bind(this) as Metrics['registerHistogram']
  readonly registerHistogramGroup = this.#register.bind(this) as Metrics['registerHistogramGroup']
  readonly registerSummary = this.#register.bind(this) as Metrics['registerSummary']
  readonly registerSummaryGroup = this.#register.bind(this) as Metrics['registerSummaryGroup']

  get names(): IterableIterator<string> {
    return this.#labels.keys()
  }

  keys(name: string): ReadonlySet<string> {
    return this.#labels.get(name) ?? new Set()
  }

  calculate(name: string): unknown {
    return this.#calculations.get(name)?.()
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

  #register(name: string, options: { calculate?: Calculate } = {}): unknown {
    const labels = new Set<string>()
    this.#labels.set(name, labels)
    if (options.calculate !== undefined) this.#calculations.set(name, options.calculate)
    const note = (values: unknown): void => {
      if (typeof values === 'object' && values !== null)
        for (const label of Object.keys(values)) labels.add(label)
    }
    return {
      update: note,
      increment: note,
      decrement: note,
      observe: note,
      reset: note,
      timer: () => () => undefined
    }
  }
}
