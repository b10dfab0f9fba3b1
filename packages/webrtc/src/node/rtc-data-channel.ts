import { Ppid } from '@hearsay/sctp'
import { DataChannelMessageEvent, RTCErrorEvent } from './events.ts'
import { defineEventHandlers } from './event-handlers.ts'
import { requireInternal, type INTERNAL } from './internal.ts'
import { RTCError } from './rtc-error.ts'
import { takeMemory } from './send-memory.ts'

/** What may wait in a channel; beyond it `send()` throws, as browsers do. */
export const MAX_BUFFERED_AMOUNT = 16 * 1024 * 1024

/** A channel's fixed properties. */
export interface DataChannelParameters {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxPacketLifeTime: number | null
  readonly maxRetransmits: number | null
  readonly priority: RTCPriorityType
  readonly negotiated: boolean
  readonly id: number | null
}

/** What a channel asks of its connection. */
export interface DataChannelHost {
  readonly maxMessageSize: number
  /** Sends a message of at least one byte; `size` is what it counts in `bufferedAmount`. */
  sendMessage(channel: RTCDataChannel, ppid: number, data: Uint8Array, size: number): void
  /** All that was sent has been handed over; now the closing procedure goes on. */
  closeTransport(channel: RTCDataChannel): void
}

/** What the connection does to a channel. Its callers run in a task. */
export interface DataChannelControl {
  setId(id: number): void
  /** Sets `open` without the event: messages may be sent in a `datachannel` handler already. */
  setOpen(): void
  fireOpen(): void
  receive(ppid: number, data: Uint8Array): void
  onSent(size: number): void
  /** The other side closes. */
  beginClosing(): void
  announceClosed(error?: RTCError): void
  /** `RTCPeerConnection.close()`: no event. */
  closeAbruptly(): void
}

type OutgoingMessage = { readonly ppid: number; readonly data: Uint8Array } | Blob

/** `RTCDataChannel` of webrtc-pc §6.2. */
export class RTCDataChannel extends EventTarget {
  declare onopen: ((event: Event) => unknown) | null
  declare onmessage: ((event: MessageEvent) => unknown) | null
  declare onbufferedamountlow: ((event: Event) => unknown) | null
  declare onerror: ((event: globalThis.RTCErrorEvent) => unknown) | null
  declare onclosing: ((event: Event) => unknown) | null
  declare onclose: ((event: Event) => unknown) | null

  readonly #parameters: DataChannelParameters
  readonly #host: DataChannelHost
  #id: number | null
  #readyState: RTCDataChannelState = 'connecting'
  #binaryType: BinaryType = 'arraybuffer'
  #bufferedAmount = 0
  #bufferedAmountLowThreshold = 0
  /** Messages behind a Blob that is being read. */
  readonly #outgoing: OutgoingMessage[] = []
  #closeWhenDrained = false

  constructor(key: typeof INTERNAL, parameters: DataChannelParameters, host: DataChannelHost) {
    requireInternal(key)
    super()
    this.#parameters = parameters
    this.#host = host
    this.#id = parameters.id
  }

  get label(): string {
    return this.#parameters.label
  }

  get ordered(): boolean {
    return this.#parameters.ordered
  }

  get maxPacketLifeTime(): number | null {
    return this.#parameters.maxPacketLifeTime
  }

  get maxRetransmits(): number | null {
    return this.#parameters.maxRetransmits
  }

  /** Of webrtc-priority §4.1. */
  get priority(): RTCPriorityType {
    return this.#parameters.priority
  }

  get protocol(): string {
    return this.#parameters.protocol
  }

  get negotiated(): boolean {
    return this.#parameters.negotiated
  }

  get id(): number | null {
    return this.#id
  }

  get readyState(): RTCDataChannelState {
    return this.#readyState
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount
  }

  get bufferedAmountLowThreshold(): number {
    return this.#bufferedAmountLowThreshold
  }

  set bufferedAmountLowThreshold(value: number) {
    this.#bufferedAmountLowThreshold = Number(value) >>> 0
  }

  /** `arraybuffer` to begin with, as webrtc-pc has it now (formerly `blob`). */
  get binaryType(): BinaryType {
    return this.#binaryType
  }

  set binaryType(value: BinaryType) {
    if (['arraybuffer', 'blob'].includes(value)) this.#binaryType = value
  }

  /**
   * Queues a message.
   *
   * @throws {DOMException} InvalidStateError unless open; OperationError if `MAX_BUFFERED_AMOUNT` would be exceeded
   * @throws {TypeError} if it is larger than `RTCSctpTransport.maxMessageSize`
   */
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void {
    const message = data instanceof Blob ? data : toMessage(data)
    if (this.#readyState !== 'open') {
      throw new DOMException(`the channel is ${this.#readyState}, not open`, 'InvalidStateError')
    }
    const size = sizeOf(message)
    if (size > this.#host.maxMessageSize) {
      throw new TypeError(`${size} bytes exceed the peer's maxMessageSize of ${this.#host.maxMessageSize}`)
    }
    if (this.#bufferedAmount + size > MAX_BUFFERED_AMOUNT) {
      throw new DOMException('the buffer is full: wait for bufferedamountlow', 'OperationError')
    }
    this.#bufferedAmount += size
    if (this.#outgoing.length === 0 && !(message instanceof Blob)) this.#hand(message)
    else if (this.#outgoing.push(message) === 1) void this.#drain()
  }

  close(): void {
    if (this.#readyState === 'closing' || this.#readyState === 'closed') return
    this.#readyState = 'closing'
    this.#closeDrained()
  }

  /** Not for scripts: what the connection may do to its channels. */
  static control(channel: RTCDataChannel): DataChannelControl {
    return {
      setId: (id) => {
        channel.#id = id
      },
      setOpen: () => {
        if (channel.#readyState === 'connecting') channel.#readyState = 'open'
      },
      fireOpen: () => {
        if (channel.#readyState === 'open') channel.dispatchEvent(new Event('open'))
      },
      receive: (ppid, data) => {
        channel.#receive(ppid, data)
      },
      onSent: (size) => {
        channel.#onSent(size)
      },
      beginClosing: () => {
        if (channel.#readyState === 'closing' || channel.#readyState === 'closed') return
        channel.#readyState = 'closing'
        channel.dispatchEvent(new Event('closing'))
        channel.#closeDrained()
      },
      announceClosed: (error) => {
        if (channel.#readyState === 'closed') return
        channel.#readyState = 'closed'
        channel.#outgoing.length = 0
        if (error !== undefined) channel.dispatchEvent(new RTCErrorEvent('error', { error }))
        channel.dispatchEvent(new Event('close'))
      },
      closeAbruptly: () => {
        channel.#readyState = 'closed'
        channel.#outgoing.length = 0
      }
    }
  }

  /** Sends what waits behind Blobs, in order. */
  async #drain(): Promise<void> {
    for (let message; (message = this.#outgoing[0]) !== undefined;) {
      if (message instanceof Blob) {
        const data = await read(message)
        if (data === undefined) {
          this.#failToRead()
          return
        }
        // The channel may have closed meanwhile.
        if (this.#outgoing[0] !== message) return
        this.#hand(binaryMessage(data))
      } else {
        this.#hand(message)
      }
      this.#outgoing.shift()
    }
    if (this.#closeWhenDrained) this.#host.closeTransport(this)
  }

  #failToRead(): void {
    this.#outgoing.length = 0
    const error = new RTCError({ errorDetail: 'data-channel-failure' }, 'a Blob cannot be read')
    this.dispatchEvent(new RTCErrorEvent('error', { error }))
    if (this.#closeWhenDrained) this.#host.closeTransport(this)
    else this.close()
  }

  #closeDrained(): void {
    if (this.#outgoing.length > 0) this.#closeWhenDrained = true
    else this.#host.closeTransport(this)
  }

  #hand(message: { readonly ppid: number; readonly data: Uint8Array }): void {
    this.#host.sendMessage(this, message.ppid, message.data, sizeOf(message))
  }

  #onSent(size: number): void {
    const before = this.#bufferedAmount
    this.#bufferedAmount -= size
    const threshold = this.#bufferedAmountLowThreshold
    if (before > threshold && this.#bufferedAmount <= threshold) {
      this.dispatchEvent(new Event('bufferedamountlow'))
    }
  }

  #receive(ppid: number, data: Uint8Array): void {
    if (this.#readyState !== 'open') return
    const value = this.#decode(ppid, data)
    if (value !== undefined) this.dispatchEvent(new DataChannelMessageEvent(value))
  }

  #decode(ppid: number, data: Uint8Array): string | ArrayBuffer | Blob | undefined {
    switch (ppid) {
      case Ppid.string:
        return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
      case Ppid.stringEmpty:
        return ''
      case Ppid.binary:
        return this.#toBinary(data)
      case Ppid.binaryEmpty:
        return this.#toBinary(new Uint8Array())
      default:
        return undefined
    }
  }

  #toBinary(data: Uint8Array): ArrayBuffer | Blob {
    const { buffer, byteOffset, byteLength } = data
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    const bytes = isWhole ? buffer : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
    return this.#binaryType === 'blob' ? new Blob([bytes]) : bytes
  }
}

defineEventHandlers(RTCDataChannel.prototype, [
  'open',
  'message',
  'bufferedamountlow',
  'error',
  'closing',
  'close'
])

/** A Blob may stand for a file that has gone. */
async function read(blob: Blob): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch {
    return undefined
  }
}

/** SCTP has no empty messages: RFC 8831 §6.6 sends one zero byte under a PPID of its own. */
function toMessage(data: unknown): { ppid: number; data: Uint8Array } {
  if (data instanceof ArrayBuffer) return binaryMessage(copyOf(new Uint8Array(data)))
  if (ArrayBuffer.isView(data)) {
    return binaryMessage(copyOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)))
  }
  const text = Buffer.from(String(data), 'utf8')
  if (text.length === 0) return { ppid: Ppid.stringEmpty, data: new Uint8Array(1) }
  return { ppid: Ppid.string, data: text }
}

/** What a script hands in may change as soon as `send()` returns. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = takeMemory(bytes.length)
  copy.set(bytes)
  return copy
}

function binaryMessage(data: Uint8Array): { ppid: number; data: Uint8Array } {
  if (data.length === 0) return { ppid: Ppid.binaryEmpty, data: new Uint8Array(1) }
  return { ppid: Ppid.binary, data }
}

function sizeOf(message: { readonly ppid: number; readonly data: Uint8Array } | Blob): number {
  if (message instanceof Blob) return message.size
  const isEmpty = message.ppid === Ppid.stringEmpty || message.ppid === Ppid.binaryEmpty
  return isEmpty ? 0 : message.data.length
}
