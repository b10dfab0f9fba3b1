/** `RTCSessionDescription` of webrtc-pc §4.6.2. */
export class RTCSessionDescription implements globalThis.RTCSessionDescription {
  readonly type: RTCSdpType
  readonly sdp: string

  /** @throws {TypeError} without a valid `type` */
  constructor(init: RTCSessionDescriptionInit) {
    this.type = toSdpType((init as Partial<RTCSessionDescriptionInit> | undefined)?.type)
    this.sdp = init.sdp === undefined ? '' : String(init.sdp)
  }

  toJSON(): RTCSessionDescriptionInit {
    return { type: this.type, sdp: this.sdp }
  }
}

const SDP_TYPES: readonly string[] = ['offer', 'pranswer', 'answer', 'rollback'] satisfies RTCSdpType[]

/** @throws {TypeError} if it is none of `RTCSdpType` */
export function toSdpType(value: unknown): RTCSdpType {
  if (!SDP_TYPES.includes(String(value))) {
    throw new TypeError(`type: ${JSON.stringify(value)} is none of ${SDP_TYPES.join(', ')}`)
  }
  return String(value) as RTCSdpType
}
