import type { RTCDataChannel } from './rtc-data-channel.ts'
import type { RTCError } from './rtc-error.ts'
import type { RTCIceCandidate } from './rtc-ice-candidate.ts'

/** `RTCDataChannelEvent` of webrtc-pc §6.3. */
export class RTCDataChannelEvent extends Event {
  readonly channel: RTCDataChannel

  constructor(type: string, init: EventInit & { channel: RTCDataChannel }) {
    super(type, init)
    this.channel = init.channel
  }
}

/** `RTCPeerConnectionIceEvent` of webrtc-pc §4.8.2. */
export class RTCPeerConnectionIceEvent extends Event {
  readonly candidate: RTCIceCandidate | null
  /** The server that a reflexive or relayed candidate came of. */
  readonly url: string | null

  constructor(
    type: string,
    init: EventInit & { candidate?: RTCIceCandidate | null; url?: string | null } = {}
  ) {
    super(type, init)
    this.candidate = init.candidate ?? null
    this.url = init.url ?? null
  }
}

/** `RTCPeerConnectionIceErrorEvent` of webrtc-pc §4.8.3. */
export class RTCPeerConnectionIceErrorEvent extends Event {
  readonly address: string | null
  readonly port: number | null
  readonly url: string
  readonly errorCode: number
  readonly errorText: string

  constructor(type: string, init: EventInit & RTCPeerConnectionIceErrorEventInit) {
    super(type, init)
    this.address = init.address ?? null
    this.port = init.port ?? null
    this.url = init.url ?? ''
    this.errorCode = init.errorCode
    this.errorText = init.errorText ?? ''
  }
}

/** `RTCErrorEvent` of webrtc-pc §11.2. */
export class RTCErrorEvent extends Event {
  readonly error: RTCError

  constructor(type: string, init: EventInit & { error: RTCError }) {
    super(type, init)
    this.error = init.error
  }
}

/**
 * A `MessageEvent` as data channels have it. It is not Node's class, whose constructor converts every member at a cost
 * that shows at 100,000 messages a second.
 */
export class DataChannelMessageEvent extends Event {
  readonly data: string | ArrayBuffer | Blob
  readonly origin = ''
  readonly lastEventId = ''
  readonly source = null
  readonly ports: readonly [] = []

  constructor(data: string | ArrayBuffer | Blob) {
    super('message')
    this.data = data
  }
}
