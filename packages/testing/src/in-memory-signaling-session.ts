import type {
  CloseOptions,
  SignalingCloseReason,
  SignalingSession,
  SignalingSessionEvents
} from '@hearsay/signaling'
import { TypedEventEmitter } from 'main-event'

/** As in the real one: what fits an envelope. */
const MAX_MESSAGE_BYTES = 15_360

interface InMemorySignalingSessionInit {
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly role: 'initiator' | 'responder'
  readonly path: string
  readonly helloKey: Uint8Array
  readonly transmit: (notBefore: number, deliver: () => void) => number
}

/** One end of a session between two members of a `SignalingHub`. */
export class InMemorySignalingSession
  extends TypedEventEmitter<SignalingSessionEvents>
  implements SignalingSession
{
  readonly remotePeer: string
  readonly remoteInstance: Uint8Array
  readonly role: 'initiator' | 'responder'
  readonly path: string
  readonly helloKey: Uint8Array
  readonly #transmit: InMemorySignalingSessionInit['transmit']
  #other: InMemorySignalingSession | undefined
  #lastArrival = 0
  #isClosed = false

  constructor(init: InMemorySignalingSessionInit) {
    super()
    this.remotePeer = init.remotePeer
    this.remoteInstance = init.remoteInstance
    this.role = init.role
    this.path = init.path
    this.helloKey = init.helloKey
    this.#transmit = init.transmit
  }

  pair(other: InMemorySignalingSession): void {
    this.#other = other
    other.#other = this
  }

  /** Something for the other side, in order with all else. */
  deliver(action: () => void): void {
    this.#lastArrival = this.#transmit(this.#lastArrival, action)
  }

  send(message: Uint8Array): void {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`a signaling message of ${message.length} bytes: ${MAX_MESSAGE_BYTES} are allowed`)
    }
    if (this.#isClosed) return
    const bytes = message.slice()
    this.deliver(() => this.#other?.receive(bytes))
  }

  receive(message: Uint8Array): void {
    if (!this.#isClosed) this.safeDispatchEvent('message', { detail: message })
  }

  close({ peerKnows = false }: CloseOptions = {}): void {
    if (this.#isClosed) return
    if (!peerKnows) this.deliver(() => this.#other?.end('remote'))
    this.end('local')
  }

  end(reason: SignalingCloseReason): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.safeDispatchEvent('close', { detail: reason })
  }
}
