import { Pair, type PairInit } from './pair.ts'
import { countReceived, supply } from './transfer.ts'

/** A bulk transfer on a clock that it shares with others. */
export interface Flow {
  now: number
  readonly nextTime: number
  readonly receivedBytes: number
  pump(): void
  step(): void
}

/** An association that always has something to send. */
export class SctpFlow implements Flow {
  readonly pair: Pair
  readonly #received: { bytes: number }

  /** @param startAt when it begins its handshake */
  constructor(init: PairInit, startAt: number) {
    this.pair = new Pair(init)
    this.pair.now = startAt
    this.#received = countReceived(this.pair)
    this.pair.a.association.connect(startAt)
  }

  get now(): number {
    return this.pair.now
  }

  get nextTime(): number {
    return this.pair.nextTime
  }

  get receivedBytes(): number {
    return this.#received.bytes
  }

  pump(): void {
    supply(this.pair)
    this.pair.pump()
  }

  step(): void {
    this.pair.step()
    this.pump()
  }
}

/** Lets everything happen that does until the clock shows `until`, in its order. */
export function runTogether(flows: readonly Flow[], until: number): void {
  for (const flow of flows) {
    flow.pump()
  }
  for (;;) {
    const next = flows.reduce((a, b) => (a.nextTime <= b.nextTime ? a : b))
    if (next.nextTime > until) {
      return
    }
    next.step()
  }
}

/** The bytes that each flow moves until the clock shows `until`. */
export function measure(flows: readonly Flow[], until: number): number[] {
  const before = flows.map(({ receivedBytes }) => receivedBytes)
  runTogether(flows, until)
  return flows.map(({ receivedBytes }, index) => receivedBytes - before[index])
}
