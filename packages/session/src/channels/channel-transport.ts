import type { DataChannelLike } from '../peer-connection.ts'

export interface TransportListener {
  onOpen(): void
  onFrame(bytes: Uint8Array): void
  /** Something that is no binary frame came. */
  onForeign(): void
  /** The send buffer has drained to its low watermark. */
  onLow(): void
  /** The peer, or the stack below, closed it. Not called for `close()`. */
  onClosed(): void
}

/**
 * The data channels under one channel. There are two when both sides opened the same label at once: each side then
 * sends on the one that it opened, and order holds each way.
 */
export class ChannelTransport {
  readonly #listener: TransportListener
  readonly #lowWatermarkBytes: number
  readonly #attached: { dataChannel: DataChannelLike; detach: () => void }[] = []
  #sending: DataChannelLike | undefined
  /** Those whose event `open` has come: what a page in Chromium sends before, as W3C allows, may be lost. */
  readonly #open = new WeakSet<DataChannelLike>()
  #closed = false

  constructor(listener: TransportListener, lowWatermarkBytes: number) {
    this.#listener = listener
    this.#lowWatermarkBytes = lowWatermarkBytes
  }

  get isAttached(): boolean {
    return this.#sending !== undefined
  }

  get isOpen(): boolean {
    return this.#sending?.readyState === 'open' && this.#open.has(this.#sending)
  }

  get bufferedBytes(): number {
    return this.#sending?.bufferedAmount ?? 0
  }

  /** @returns false if it has two already */
  attach(dataChannel: DataChannelLike): boolean {
    if (this.#closed || this.#attached.length >= 2) return false
    dataChannel.binaryType = 'arraybuffer'
    dataChannel.bufferedAmountLowThreshold = this.#lowWatermarkBytes
    const listeners: [type: string, listener: (event: Event) => void][] = [
      ['open', () => this.#announce(dataChannel)],
      ['message', (event) => this.#receive((event as MessageEvent<unknown>).data)],
      ['bufferedamountlow', () => this.#listener.onLow()],
      ['close', () => this.#lose()]
    ]
    for (const [type, listener] of listeners) dataChannel.addEventListener(type, listener)
    const detach = (): void => {
      for (const [type, listener] of listeners) dataChannel.removeEventListener(type, listener)
    }
    this.#attached.push({ dataChannel, detach })
    this.#sending ??= dataChannel
    return true
  }

  /** @returns whether the data channel took it; it does not while its buffer is full or it is closing */
  send(frame: Uint8Array<ArrayBuffer>): boolean {
    if (!this.isOpen || this.#sending === undefined) return false
    try {
      this.#sending.send(frame)
      return true
    } catch {
      // OperationError (the stack's buffer is full) or a close that crossed this call: either is told by an event.
      return false
    }
  }

  close(): void {
    if (this.#closed) return
    this.reset()
    this.#closed = true
  }

  /** Lets go of its data channels; others may be attached. */
  reset(): void {
    this.#sending = undefined
    for (const { dataChannel, detach } of this.#attached.splice(0)) {
      detach()
      dataChannel.close()
    }
  }

  #announce(dataChannel: DataChannelLike): void {
    this.#open.add(dataChannel)
    this.#listener.onOpen()
  }

  #receive(data: unknown): void {
    if (this.#closed) return
    if (data instanceof ArrayBuffer) this.#listener.onFrame(new Uint8Array(data))
    else this.#listener.onForeign()
  }

  #lose(): void {
    if (this.#closed) return
    this.close()
    this.#listener.onClosed()
  }
}
