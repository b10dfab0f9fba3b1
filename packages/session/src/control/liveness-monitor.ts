import type { Clock } from '../clock.ts'
import type { LivenessOptions } from '../constants.ts'
import { Liveness, type LivenessOutput } from './liveness.ts'

/** Runs a `Liveness` on a clock. */
export class LivenessMonitor {
  readonly #clock: Clock
  readonly #liveness: Liveness
  readonly #activeBeatMs: number
  readonly #onOutput: (output: LivenessOutput) => void
  #timer: unknown
  #due = Infinity
  #stopped = false

  constructor(clock: Clock, options: LivenessOptions, onOutput: (output: LivenessOutput) => void) {
    this.#clock = clock
    this.#liveness = new Liveness(options, clock.now())
    this.#activeBeatMs = options.activeBeatMs
    this.#onOutput = onOutput
    this.#schedule()
  }

  /** Something came from the peer; `data` says whether it was the application's. */
  heard(data: boolean): void {
    const now = this.#clock.now()
    this.#liveness.handleHeard(now)
    if (data) this.#liveness.handleData(now)
    this.#emit()
    this.#wakeEarlier(now)
  }

  /** Application data went to the peer. */
  sent(): void {
    const now = this.#clock.now()
    this.#liveness.handleData(now)
    this.#wakeEarlier(now)
  }

  /** From now on, or no longer, the peer's silence is noticed sooner than on an idle session. */
  setAlert(isAlert: boolean): void {
    const now = this.#clock.now()
    this.#liveness.handleAlert(isAlert, now)
    this.#wakeEarlier(now)
  }

  stop(): void {
    this.#stopped = true
    this.#clock.clearTimeout(this.#timer)
  }

  /** An idle session that wakes must not sleep through its next beat. */
  #wakeEarlier(now: number): void {
    if (this.#due - now > this.#activeBeatMs) this.#schedule()
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#clock.clearTimeout(this.#timer)
    const now = this.#clock.now()
    const due = this.#liveness.pollTimeout(now)
    this.#due = due ?? Infinity
    if (due === undefined) return
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#liveness.handleTimeout(this.#clock.now())
        this.#emit()
        this.#schedule()
      },
      Math.max(0, due - now)
    )
  }

  #emit(): void {
    for (
      let output = this.#liveness.pollOutput();
      output !== undefined;
      output = this.#liveness.pollOutput()
    ) {
      if (!this.#stopped) this.#onOutput(output)
    }
  }
}
