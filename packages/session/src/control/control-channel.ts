import type { DataChannelLike, PeerConnectionLike } from '../peer-connection.ts'
import { CONTROL_LABEL, MAX_CONTROL_BUFFER_BYTES } from '../constants.ts'
import { decodeControlFrame, encodeControlFrame, type ControlFrame } from './control-frame.ts'

export interface ControlChannelListener {
  onOpen(): void
  onFrame(frame: ControlFrame): void
  onViolation(problem: string): void
  onClosed(): void
}

/** The negotiated data channel 0 of a peer connection, on which the two sessions talk to each other. */
export class ControlChannel {
  readonly #dataChannel: DataChannelLike
  readonly #listener: ControlChannelListener
  readonly #onOpen = (): void => this.#listener.onOpen()
  readonly #onClose = (): void => this.#listener.onClosed()
  readonly #onMessage = (event: Event): void => this.#receive((event as MessageEvent<unknown>).data)

  constructor(peerConnection: PeerConnectionLike, listener: ControlChannelListener) {
    this.#listener = listener
    this.#dataChannel = peerConnection.createDataChannel(CONTROL_LABEL, {
      negotiated: true,
      id: 0,
      ordered: true,
      priority: 'high'
    })
    this.#dataChannel.binaryType = 'arraybuffer'
    this.#dataChannel.addEventListener('open', this.#onOpen)
    this.#dataChannel.addEventListener('close', this.#onClose)
    this.#dataChannel.addEventListener('message', this.#onMessage)
  }

  get isOpen(): boolean {
    return this.#dataChannel.readyState === 'open'
  }

  /** @returns whether it was open, and the peer reads what is said */
  send(frame: ControlFrame): boolean {
    if (!this.isOpen || this.#dataChannel.bufferedAmount > MAX_CONTROL_BUFFER_BYTES) return false
    try {
      this.#dataChannel.send(encodeControlFrame(frame))
      return true
    } catch {
      // It began to close in this very moment, or its buffer is full of what nobody fetches: the peer is dying.
      return false
    }
  }

  /** Stops listening. It closes together with its peer connection. */
  detach(): void {
    this.#dataChannel.removeEventListener('open', this.#onOpen)
    this.#dataChannel.removeEventListener('close', this.#onClose)
    this.#dataChannel.removeEventListener('message', this.#onMessage)
  }

  #receive(data: unknown): void {
    const frame = data instanceof ArrayBuffer ? decodeControlFrame(new Uint8Array(data)) : undefined
    if (frame === undefined) this.#listener.onViolation('a malformed frame on the control channel')
    else this.#listener.onFrame(frame)
  }
}
