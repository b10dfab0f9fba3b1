import type { DataChannelInit, DataChannelLike } from '@hearsay/session'
import type { FakePeerConnection } from './fake-peer-connection.ts'

export class FakeDataChannel extends EventTarget implements DataChannelLike {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxRetransmits: number | null
  readonly maxPacketLifeTime: number | null
  readonly id: number
  readyState: DataChannelLike['readyState'] = 'connecting'
  #isAnnounced = false
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  binaryType = 'blob'
  readonly #connection: FakePeerConnection

  constructor(connection: FakePeerConnection, label: string, id: number, init: DataChannelInit) {
    super()
    this.#connection = connection
    this.label = label
    this.id = id
    this.protocol = init.protocol ?? ''
    this.ordered = init.ordered ?? true
    this.maxRetransmits = init.maxRetransmits ?? null
    this.maxPacketLifeTime = init.maxPacketLifeTime ?? null
  }

  open(): void {
    if (this.readyState !== 'connecting') return
    this.readyState = 'open'
    this.announce()
  }

  /** Fires `open`. What is sent between the event `datachannel` and this one is lost, as it may be in Chromium. */
  announce(): void {
    this.#isAnnounced = true
    this.dispatchEvent(new Event('open'))
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError')
    if (!this.#isAnnounced) return
    this.bufferedAmount += data.length
    this.#connection.transmit(this, data.slice())
  }

  /** So many bytes have left the buffer. */
  drain(bytes: number): void {
    const before = this.bufferedAmount
    this.bufferedAmount -= bytes
    const threshold = this.bufferedAmountLowThreshold
    if (before > threshold && this.bufferedAmount <= threshold)
      this.dispatchEvent(new Event('bufferedamountlow'))
  }

  receive(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState === 'open') this.dispatchEvent(new MessageEvent('message', { data: data.buffer }))
  }

  close(): void {
    if (this.readyState === 'closed' || this.readyState === 'closing') return
    this.readyState = 'closing'
    this.#connection.closeChannel(this)
  }

  end(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}
