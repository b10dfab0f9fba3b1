/** How the address of a candidate came to be known (RFC 8445 §5.1.1.1). */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay'

/** The transport under ICE (RFC 8839 §5.1, RFC 6544). */
export type CandidateProtocol = 'udp' | 'tcp'

/** Which side opens the TCP connection of a TCP candidate (RFC 6544 §4.5). */
export type CandidateTcpType = 'active' | 'passive' | 'so'

/**
 * One ICE candidate as a typed value; the members are those of `RTCIceCandidate`. The component is always 1: data
 * channels have no other. Optional members are absent, never `undefined` or `null`, so that values compare.
 */
export interface IceCandidate {
  /** 1 to 32 ice-chars. */
  readonly foundation: string
  readonly protocol: CandidateProtocol
  /** 0 to 2³² − 1. */
  readonly priority: number
  /** IPv4, IPv6 as RFC 5952 writes it, or a lower-case mDNS name (`….local`). */
  readonly address: string
  /** 1 to 65535; an active TCP candidate says 9, the discard port. */
  readonly port: number
  readonly type: CandidateType
  /** Present with `protocol: 'tcp'` only. */
  readonly tcpType?: CandidateTcpType
  /** `raddr`. `0.0.0.0` and `::` mean that the sender keeps it to itself. */
  readonly relatedAddress?: string
  /** `rport`, 0 to 65535; present together with `relatedAddress`. */
  readonly relatedPort?: number
  /** The `ufrag` extension: the ICE generation that the candidate belongs to. */
  readonly usernameFragment?: string
}
