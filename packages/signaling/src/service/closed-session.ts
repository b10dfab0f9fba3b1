import { TypedEventEmitter } from 'main-event'
import type { SignalingSession, SignalingSessionEvents } from '../signaler.ts'
import type { SignalingTimers } from './timers.ts'

/** What an answer that comes too late gets: a session that takes nothing and says shortly that it is over. */
export class ClosedSession extends TypedEventEmitter<SignalingSessionEvents> implements SignalingSession {
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly path: string
  readonly role = 'responder'
  /** Fits nobody else's. */
  readonly helloKey: Uint8Array

  constructor(
    timers: SignalingTimers,
    init: Pick<SignalingSession, 'remotePeer' | 'remoteInstance' | 'path' | 'helloKey'>
  ) {
    super()
    this.remotePeer = init.remotePeer
    this.remoteInstance = init.remoteInstance
    this.path = init.path
    this.helloKey = init.helloKey
    timers.setTimeout(() => this.safeDispatchEvent('close', { detail: 'replaced' }), 0)
  }

  send(): void {
    // It is over: as after `close()`, nothing is sent.
  }

  close(): void {
    // It is closed.
  }
}
