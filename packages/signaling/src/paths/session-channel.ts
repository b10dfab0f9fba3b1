import { PathUnavailableError } from '../errors.ts'
import type { Arrival, SignalingPath } from '../path.ts'

/** Live sessions, as far as a path needs them: each has a channel for envelopes. */
export interface SessionCarrier {
  /** Whether there is a session with this peer that is up and verified. */
  reaches(remotePeer: string): boolean
  /** Puts an envelope on the channel; rejects where there is none, or it takes nothing. */
  send(remotePeer: string, envelope: Uint8Array): Promise<void>
  /** Where to bring what comes; nowhere with `undefined`. */
  setReceiver(receive: ((remotePeer: string, envelope: Uint8Array) => void) | undefined): void
}

/** Envelopes that wait for one peer's channel. */
const MAX_WAITING = 64

/**
 * The path to a peer over the session that there is with it: for the next handshake, and for what a session says of
 * itself, while nothing but WebRTC joins the two.
 */
export class SessionChannelPath implements SignalingPath {
  readonly name = 'session'
  readonly cost = 5
  readonly kind = 'direct'
  readonly #carrier: SessionCarrier
  readonly #waiting = new Map<string, number>()

  constructor(carrier: SessionCarrier) {
    this.#carrier = carrier
  }

  reaches(remotePeer: string): boolean {
    return this.#carrier.reaches(remotePeer)
  }

  async send(remotePeer: string, envelope: Uint8Array): Promise<void> {
    const waiting = this.#waiting.get(remotePeer) ?? 0
    if (waiting >= MAX_WAITING) {
      throw new PathUnavailableError(this.name, `${remotePeer} takes nothing, and the queue is full`)
    }
    this.#waiting.set(remotePeer, waiting + 1)
    try {
      await this.#carrier.send(remotePeer, envelope)
    } catch (cause) {
      throw new PathUnavailableError(this.name, `no session with ${remotePeer}`, { cause })
    } finally {
      const left = (this.#waiting.get(remotePeer) ?? 1) - 1
      if (left === 0) {
        this.#waiting.delete(remotePeer)
      } else {
        this.#waiting.set(remotePeer, left)
      }
    }
  }

  async start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void> {
    this.#carrier.setReceiver((peer, envelope) =>
      receive(envelope, { path: this.name, origin: peer, neighbour: peer })
    )
  }

  async stop(): Promise<void> {
    this.#carrier.setReceiver(undefined)
  }
}
