import { defineEventHandlers } from './event-handlers.ts'
import { requireInternal, type INTERNAL } from './internal.ts'
import type { RTCIceTransport } from './rtc-ice-transport.ts'

/** What an `RTCDtlsTransport` shows; the connection changes it in tasks. */
export interface DtlsTransportModel {
  state: RTCDtlsTransportState
  remoteCertificate: Uint8Array | undefined
}

/** `RTCDtlsTransport` of webrtc-pc §5.5. */
export class RTCDtlsTransport extends EventTarget {
  declare onstatechange: ((event: Event) => unknown) | null
  declare onerror: ((event: globalThis.RTCErrorEvent) => unknown) | null
  readonly #model: DtlsTransportModel
  readonly #iceTransport: RTCIceTransport

  constructor(key: typeof INTERNAL, model: DtlsTransportModel, iceTransport: RTCIceTransport) {
    requireInternal(key)
    super()
    this.#model = model
    this.#iceTransport = iceTransport
  }

  get iceTransport(): RTCIceTransport {
    return this.#iceTransport
  }

  get state(): RTCDtlsTransportState {
    return this.#model.state
  }

  /** The peer's certificate in DER, once the handshake has verified it. */
  getRemoteCertificates(): ArrayBuffer[] {
    const { remoteCertificate } = this.#model
    return remoteCertificate === undefined ? [] : [new Uint8Array(remoteCertificate).buffer]
  }
}

defineEventHandlers(RTCDtlsTransport.prototype, ['statechange', 'error'])
