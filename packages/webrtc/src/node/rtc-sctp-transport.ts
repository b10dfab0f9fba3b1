import { defineEventHandlers } from './event-handlers.ts'
import { requireInternal, type INTERNAL } from './internal.ts'
import type { RTCDtlsTransport } from './rtc-dtls-transport.ts'

/** What an `RTCSctpTransport` shows; the connection changes it in tasks. */
export interface SctpTransportModel {
  state: RTCSctpTransportState
  maxMessageSize: number
  maxChannels: number | null
}

/** `RTCSctpTransport` of webrtc-pc §6.1.1. */
export class RTCSctpTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null
  readonly #model: SctpTransportModel
  readonly #transport: RTCDtlsTransport

  constructor(key: typeof INTERNAL, model: SctpTransportModel, transport: RTCDtlsTransport) {
    requireInternal(key)
    super()
    this.#model = model
    this.#transport = transport
  }

  get transport(): RTCDtlsTransport {
    return this.#transport
  }

  get state(): RTCSctpTransportState {
    return this.#model.state
  }

  /** Bytes of the largest message that `send()` takes. */
  get maxMessageSize(): number {
    return this.#model.maxMessageSize
  }

  get maxChannels(): number | null {
    return this.#model.maxChannels
  }
}

defineEventHandlers(RTCSctpTransport.prototype, ['statechange'])
