import type { Clock } from '../clock.ts'
import type { LivenessOptions } from '../constants.ts'
import type { ControlFrame } from './control-frame.ts'
import type { SessionRole } from '../state/session-state.ts'
import { Liveness, type LivenessOutput } from './liveness.ts'

export interface HeartbeatInit {
  readonly clock: Clock
  readonly options: LivenessOptions
  readonly send: (frame: ControlFrame) => void
  onVerdict(verdict: Exclude<LivenessOutput, 'ping'>): void
}

/** Runs a `Liveness` on a clock, from `start()` to `stop()`: pings the peer, and measures how long an answer takes. */
export class Heartbeat {
  readonly #init: HeartbeatInit
  #liveness: Liveness | undefined
  #alerts = 0
  #lastPing: { token: number; time: number } = { token: 0, time: 0 }
  #roundTripMs: number | undefined
  #timer: unknown
  #due = Infinity

  constructor(init: HeartbeatInit) {
    this.#init = init
  }

  /** Of the latest ping that was answered. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** The connection stands. Of its two sides the responder leaves it to the other to ask, mostly. */
  start(role: SessionRole): void {
    const now = this.#init.clock.now()
    this.#liveness = new Liveness({ ...this.#init.options, yields: role === 'responder' }, now)
    this.#liveness.handleAlert(this.#alerts > 0, now)
    this.#schedule()
  }

  stop(): void {
    this.#liveness = undefined
    this.#init.clock.clearTimeout(this.#timer)
  }

  /** Something came from the peer; `isData` says whether it was the application's. */
  heard(isData: boolean): void {
    const now = this.#init.clock.now()
    this.#liveness?.handleHeard(now)
    if (isData) this.#liveness?.handleData(now)
    this.#emit()
    this.#wakeEarlier(now)
  }

  /** Application data went to the peer. */
  sent(): void {
    const now = this.#init.clock.now()
    this.#liveness?.handleData(now)
    this.#wakeEarlier(now)
  }

  handlePong(token: number): void {
    if (token === this.#lastPing.token) this.#roundTripMs = this.#init.clock.now() - this.#lastPing.time
  }

  /** From now on the peer's silence is noticed sooner than on an idle session. @returns ends it */
  stayAlert(): () => void {
    let isOver = false
    if (++this.#alerts === 1) this.#setAlert(true)
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#alerts === 0) this.#setAlert(false)
    }
  }

  #setAlert(isAlert: boolean): void {
    const now = this.#init.clock.now()
    this.#liveness?.handleAlert(isAlert, now)
    this.#wakeEarlier(now)
  }

  /** An idle session that wakes must not sleep through its next beat. */
  #wakeEarlier(now: number): void {
    if (this.#due - now > this.#init.options.activeBeatMs) this.#schedule()
  }

  #schedule(): void {
    const { clock } = this.#init
    clock.clearTimeout(this.#timer)
    const now = clock.now()
    const due = this.#liveness?.pollTimeout(now)
    this.#due = due ?? Infinity
    if (due === undefined) return
    this.#timer = clock.setTimeout(
      () => {
        this.#liveness?.handleTimeout(clock.now())
        this.#emit()
        this.#schedule()
      },
      Math.max(0, due - now)
    )
  }

  #emit(): void {
    for (
      let output = this.#liveness?.pollOutput();
      output !== undefined;
      output = this.#liveness?.pollOutput()
    ) {
      if (output === 'ping') this.#ping()
      else this.#init.onVerdict(output)
    }
  }

  #ping(): void {
    const { clock, send } = this.#init
    this.#lastPing = { token: this.#lastPing.token + 1, time: clock.now() }
    send({ type: 'ping', token: this.#lastPing.token })
  }
}
