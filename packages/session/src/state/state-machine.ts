import type {
  SessionEvent,
  SessionRole,
  SessionState,
  SessionStateName,
  Transition
} from './session-state.ts'
import { formatCloseReason } from '../close-reason.ts'
import { TRANSITIONS } from './transition-table.ts'

/** Called after each transition, with the state already changed. */
export type TransitionListener = (transition: Transition, state: SessionState) => void

/** The session's one state. Knows no clock and does nothing by itself: the listener acts. */
export class SessionStateMachine {
  #state: SessionState = { name: 'idle' }
  #ignoredEvents = 0
  #since: number
  readonly #history: Transition[] = []
  readonly #historyLength: number
  readonly #durationsMs: Record<SessionStateName, number> = {
    idle: 0,
    signaling: 0,
    connecting: 0,
    connected: 0,
    recovering: 0,
    closing: 0,
    closed: 0
  }
  readonly #listener: TransitionListener

  constructor(now: number, historyLength: number, listener: TransitionListener) {
    this.#since = now
    this.#historyLength = historyLength
    this.#listener = listener
  }

  get state(): SessionState {
    return this.#state
  }

  /** Events that meant nothing in the state in which they came. */
  get ignoredEvents(): number {
    return this.#ignoredEvents
  }

  /** The latest transitions, oldest first. */
  get history(): readonly Transition[] {
    return [...this.#history]
  }

  /** How long the session has been in each state, the present one included. */
  durationsMs(now: number): Record<SessionStateName, number> {
    const durations = { ...this.#durationsMs }
    durations[this.#state.name] += now - this.#since
    return durations
  }

  /** The only way to another state. @returns whether the event meant anything here */
  transition(event: SessionEvent, now: number): boolean {
    const from = this.#state.name
    const to = TRANSITIONS[from][event.type]
    if (to === undefined) {
      this.#ignoredEvents++
      return false
    }
    this.#durationsMs[from] += now - this.#since
    this.#since = now
    this.#state = nextState(this.#state, to, event)
    const reason = 'reason' in event ? formatCloseReason(event.reason) : event.type
    const transition: Transition = { time: now, from, to, event: event.type, reason }
    this.#history.push(transition)
    if (this.#history.length > this.#historyLength) this.#history.shift()
    this.#listener(transition, this.#state)
    return true
  }
}

function nextState(state: SessionState, to: SessionStateName, event: SessionEvent): SessionState {
  switch (to) {
    case 'idle':
      return { name: to }
    case 'signaling':
      return { name: to, role: event.type === 'dial' ? 'initiator' : 'responder' }
    case 'connecting':
    case 'connected':
    case 'recovering':
      return { name: to, role: roleOf(state) }
    case 'closing':
    case 'closed':
      return { name: to, reason: reasonOf(state, event) }
  }
}

function roleOf(state: SessionState): SessionRole {
  return 'role' in state ? state.role : 'initiator'
}

function reasonOf(
  state: SessionState,
  event: SessionEvent
): Extract<SessionState, { name: 'closed' }>['reason'] {
  if ('reason' in event) return event.reason
  if ('reason' in state) return state.reason
  return { code: 'normal', message: '', by: 'local' }
}
