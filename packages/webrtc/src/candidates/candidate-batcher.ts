import type { IceCandidate } from './candidate.ts'

/** Candidates that travel together. Times are those of the caller's clock, in milliseconds. */
export interface CandidateBatch {
  readonly candidates: readonly IceCandidate[]
  /** No further candidate of this generation will come. */
  readonly endOfCandidates: boolean
}

export interface CandidateBatcherOptions {
  /**
   * How long the first candidate of a batch waits for company, in milliseconds. Interfaces answer within a few of
   * them, and STUN servers within tens: this much costs no one a connection. @default 20
   */
  readonly maxDelayMs?: number
  /** A batch of this many goes at once. @default 16 */
  readonly maxBatch?: number
  /** Candidates of one generation; what comes beyond them is dropped and counted. @default 64 */
  readonly maxCandidates?: number
}

/**
 * Gathers trickled candidates into batches, so that a dozen candidates cost one or two messages and not a dozen. It
 * has no clock: hand in the time, ask `pollTimeout()` when it wants to be called, and take batches from
 * `pollOutput()` after every call.
 */
export class CandidateBatcher {
  readonly #maxDelayMs: number
  readonly #maxBatch: number
  readonly #maxCandidates: number
  #pending: IceCandidate[] = []
  #deadline: number | undefined
  #output: CandidateBatch[] = []
  #count = 0
  #ended = false
  #dropped = 0

  constructor({ maxDelayMs = 20, maxBatch = 16, maxCandidates = 64 }: CandidateBatcherOptions = {}) {
    this.#maxDelayMs = maxDelayMs
    this.#maxBatch = maxBatch
    this.#maxCandidates = maxCandidates
  }

  /** Candidates that came beyond `maxCandidates` or after the end, since the batcher was made. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes one candidate. */
  add(candidate: IceCandidate, now: number): void {
    if (this.#ended || this.#count >= this.#maxCandidates) {
      this.#dropped++
      return
    }
    this.#count++
    this.#pending.push(candidate)
    this.#deadline ??= now + this.#maxDelayMs
    if (this.#pending.length >= this.#maxBatch) this.#flush(false)
  }

  /** No further candidate of this generation will come: what waits goes at once, and says so. Idempotent. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#flush(true)
  }

  /** A new ICE generation: what waits belongs to the old one and is forgotten. */
  restart(): void {
    this.#pending = []
    this.#output = []
    this.#deadline = undefined
    this.#count = 0
    this.#ended = false
  }

  handleTimeout(now: number): void {
    if (this.#deadline !== undefined && now >= this.#deadline) this.#flush(false)
  }

  /** When `handleTimeout` is due; `undefined` while nothing waits. */
  pollTimeout(): number | undefined {
    return this.#deadline
  }

  /** The next batch to send, the oldest first. */
  pollOutput(): CandidateBatch | undefined {
    return this.#output.shift()
  }

  #flush(endOfCandidates: boolean): void {
    this.#output.push({ candidates: this.#pending, endOfCandidates })
    this.#pending = []
    this.#deadline = undefined
  }
}
