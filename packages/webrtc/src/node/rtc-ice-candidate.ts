import { parseCandidate, renderCandidate, type IceCandidate } from '../candidates/index.ts'

/** `RTCIceCandidate` of webrtc-pc §4.8.1. What `candidate` does not say, or what cannot be read of it, is null. */
export class RTCIceCandidate implements globalThis.RTCIceCandidate {
  readonly candidate: string
  readonly sdpMid: string | null
  readonly sdpMLineIndex: number | null
  readonly usernameFragment: string | null
  readonly foundation: string | null = null
  readonly component: RTCIceComponent | null = null
  readonly priority: number | null = null
  readonly address: string | null = null
  readonly protocol: RTCIceProtocol | null = null
  readonly port: number | null = null
  readonly type: RTCIceCandidateType | null = null
  readonly tcpType: RTCIceTcpCandidateType | null = null
  readonly relatedAddress: string | null = null
  readonly relatedPort: number | null = null
  /** Of a local candidate: how the relay is reached. */
  readonly relayProtocol: string | null = null
  /** Of a local candidate: the server that it came of. */
  readonly url: string | null = null

  /** @throws {TypeError} if both `sdpMid` and `sdpMLineIndex` are null */
  constructor(init: RTCIceCandidateInit & { url?: string | null } = {}) {
    this.candidate = init.candidate === undefined ? '' : String(init.candidate)
    this.sdpMid = init.sdpMid ?? null
    this.sdpMLineIndex = init.sdpMLineIndex ?? null
    if (this.sdpMid === null && this.sdpMLineIndex === null) {
      throw new TypeError('sdpMid or sdpMLineIndex must be given')
    }
    const parsed = this.candidate === '' ? undefined : tryParse(this.candidate)
    this.usernameFragment = init.usernameFragment ?? parsed?.usernameFragment ?? null
    this.url = init.url ?? null
    if (parsed === undefined) return
    this.foundation = parsed.foundation
    this.component = 'rtp'
    this.priority = parsed.priority
    this.address = parsed.address
    this.protocol = parsed.protocol
    this.port = parsed.port
    this.type = parsed.type
    this.tcpType = parsed.tcpType ?? null
    this.relatedAddress = parsed.relatedAddress ?? null
    this.relatedPort = parsed.relatedPort ?? null
    if (parsed.type === 'relay') this.relayProtocol = relayProtocolOf(this.url)
  }

  toJSON(): RTCIceCandidateInit {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = this
    return { candidate, sdpMid, sdpMLineIndex, usernameFragment }
  }
}

/** The candidate of the one section that there is; with none, the end of candidates. */
export function toRTCIceCandidate(
  candidate: IceCandidate | undefined,
  usernameFragment: string,
  sdpMid: string,
  url?: string
): RTCIceCandidate {
  return new RTCIceCandidate({
    candidate: candidate === undefined ? '' : renderCandidate({ ...candidate, usernameFragment }),
    sdpMid,
    sdpMLineIndex: 0,
    usernameFragment,
    url: url ?? null
  })
}

function tryParse(text: string): IceCandidate | undefined {
  try {
    return parseCandidate(text)
  } catch {
    return undefined
  }
}

function relayProtocolOf(url: string | null): string | null {
  if (url === null) return null
  if (url.startsWith('turns:')) return 'tls'
  return url.includes('transport=tcp') ? 'tcp' : 'udp'
}
