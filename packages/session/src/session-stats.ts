import type { ChannelStats } from './channels/channel.ts'
import type { SessionRole, SessionStateName, Transition } from './state/session-state.ts'

/** How long each step of setting up took, in milliseconds. Steps not yet done are absent. */
export interface NegotiationTimings {
  /** From `dial()`, or the arrival of the offer, until our own description was ready (host candidates included). */
  readonly describeMs?: number
  /** From then until the answer was here, or on its way. */
  readonly signalingMs?: number
  /** From then until ICE, DTLS and SCTP stood. */
  readonly transportMs?: number
  /** From then until the peer's `hello` was verified. */
  readonly helloMs?: number
  /** All of it. */
  readonly totalMs?: number
}

/** A snapshot of a session. */
export interface SessionStats {
  readonly state: SessionStateName
  readonly role: SessionRole | undefined
  /** Name of the path that carried the offer. */
  readonly path: string | undefined
  readonly timings: NegotiationTimings
  readonly stateDurationsMs: Readonly<Record<SessionStateName, number>>
  readonly history: readonly Transition[]
  /** Events that meant nothing in the state in which they came. */
  readonly ignoredEvents: number
  /** Round trip of the latest ping, in milliseconds. */
  readonly roundTripMs: number | undefined
  readonly renegotiations: number
  /** The peer's candidates that were not used: filtered, too many, or of an older ICE generation. */
  readonly remoteCandidatesDropped: number
  /** Sums over all channels, closed ones included. */
  readonly messagesSent: number
  readonly messagesReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Channels that are not closed. */
  readonly channels: readonly ChannelStats[]
}

type Step = 'started' | 'described' | 'signaled' | 'transport' | 'verified'

/** Notes when each step of setting up was done. */
export class SetupTimer {
  #marks: Partial<Record<Step, number>> = {}

  /** A new attempt begins; what was noted of an earlier one goes. */
  start(now: number): void {
    this.#marks = { started: this.#marks.started ?? now }
  }

  mark(step: Exclude<Step, 'started'>, now: number): void {
    this.#marks[step] ??= now
  }

  timings(): NegotiationTimings {
    const { started, described, signaled, transport, verified } = this.#marks
    const between = (name: keyof NegotiationTimings, from?: number, to?: number): NegotiationTimings =>
      from === undefined || to === undefined ? {} : { [name]: to - from }
    return {
      ...between('describeMs', started, described),
      ...between('signalingMs', described, signaled),
      ...between('transportMs', signaled, transport),
      ...between('helloMs', transport, verified),
      ...between('totalMs', started, verified)
    }
  }
}
