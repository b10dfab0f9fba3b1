import type { Clock } from './clock.ts'
import type { SessionCloseCode } from './close-reason.ts'
import type { SessionTimeouts } from './constants.ts'
import { AnswerTimeoutError, ConnectTimeoutError, OfferTimeoutError, type SessionError } from './errors.ts'
import type { SessionState } from './state/session-state.ts'

/** A step of setting up. */
type Step = Extract<SessionState, { name: 'signaling' | 'connecting' }>

/** Ends a session whose present step of setting up takes too long. */
export class SetupDeadline {
  readonly #clock: Clock
  readonly #timeouts: SessionTimeouts
  readonly #onMissed: (error: SessionError, code: SessionCloseCode) => void
  #timer: unknown

  constructor(
    clock: Clock,
    timeouts: SessionTimeouts,
    onMissed: (error: SessionError, code: SessionCloseCode) => void
  ) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#onMissed = onMissed
  }

  /** The step begins, and the one before it is done. */
  start(step: Step): void {
    const { offerTimeoutMs, answerTimeoutMs, connectTimeoutMs } = this.#timeouts
    if (step.name === 'connecting') {
      const error = (): SessionError => new ConnectTimeoutError(`not connected within ${connectTimeoutMs} ms`)
      this.#set(connectTimeoutMs, error, 'connect-timeout')
    } else if (step.role === 'initiator') {
      const error = (): SessionError =>
        new OfferTimeoutError(`no answer from the peer within ${offerTimeoutMs} ms`)
      this.#set(offerTimeoutMs, error, 'offer-timeout')
    } else {
      const error = (): SessionError => new AnswerTimeoutError(`no answer ready within ${answerTimeoutMs} ms`)
      this.#set(answerTimeoutMs, error, 'answer-timeout')
    }
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #set(timeoutMs: number, makeError: () => SessionError, code: SessionCloseCode): void {
    this.stop()
    this.#timer = this.#clock.setTimeout(() => this.#onMissed(makeError(), code), timeoutMs)
  }
}
