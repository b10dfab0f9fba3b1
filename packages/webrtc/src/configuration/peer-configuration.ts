/** A validated `RTCConfiguration`: every default filled in, frozen all the way down. */
export interface PeerConfiguration<Certificate = RTCCertificate> {
  readonly iceServers: readonly IceServer[]
  readonly iceTransportPolicy: RTCIceTransportPolicy
  readonly bundlePolicy: RTCBundlePolicy
  readonly rtcpMuxPolicy: RTCRtcpMuxPolicy
  /** 0 to 255. */
  readonly iceCandidatePoolSize: number
  readonly certificates: readonly Certificate[]
}

/** One entry of `iceServers`. `username` and `credential` are both present where any URL is of TURN. */
export interface IceServer {
  readonly urls: readonly IceServerUrl[]
  readonly username?: string
  readonly credential?: string
}

/** One ICE server URL, taken apart (RFC 7064, RFC 7065). */
export interface IceServerUrl {
  /** The URL as it was given. */
  readonly url: string
  readonly scheme: 'stun' | 'stuns' | 'turn' | 'turns'
  /** A lower-case name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  /** 1 to 65535; 3478 where the URL has none, 5349 for `stuns` and `turns`. */
  readonly port: number
  /** Between us and the server: `?transport=`, or UDP for `stun` and `turn`, TCP for `stuns` and `turns`. */
  readonly transport: 'udp' | 'tcp'
}
