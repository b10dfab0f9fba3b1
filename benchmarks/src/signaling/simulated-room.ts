import { SignalingSimulation } from '@hearsay/testing'
import type { CountedPath, Cost } from './real-room.ts'

/** Who has never dialed does not know yet how long an answer takes. */
const warmUp = 20

/** A room of real signalers on a virtual clock. */
export class SimulatedRoom implements AsyncDisposable {
  readonly #simulation: SignalingSimulation

  private constructor(simulation: SignalingSimulation) {
    this.#simulation = simulation
  }

  static async open(members: number, seed: number): Promise<SimulatedRoom> {
    const simulation = await SignalingSimulation.create({ seed, members })
    for (let i = 0; i < warmUp; i++) await simulation.connect('introducer')
    return new SimulatedRoom(simulation)
  }

  /** What connections cost, and how long the answers took. */
  async measure(path: CountedPath, count: number): Promise<Cost & { tookMs: number[] }> {
    const before = { ...this.#simulation.traffic }
    const tookMs: number[] = []
    for (let i = 0; i < count; i++) {
      const took = await this.#simulation.connect(path)
      if (took !== undefined) tookMs.push(took)
    }
    const { envelopes, bytes } = this.#simulation.traffic
    return {
      envelopes: (envelopes - before.envelopes) / count,
      bytes: (bytes - before.bytes) / count,
      success: tookMs.length / count,
      tookMs
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulation.stop()
  }
}
