import type { IceCandidate } from '../candidates/candidate.ts'

/**
 * A session description as a typed value: all that hearsay ever reads from SDP or writes into it. It is the same for
 * offer and answer. Optional members are absent, never `undefined`, so that values compare.
 */
export interface SdpDescription {
  /** The `sess-id` of `o=`: a decimal number below 2⁶³, as text because it exceeds a double (RFC 9429 §5.2.1). */
  readonly sessionId: string
  /** The `sess-version` of `o=`: rises by one with each changed description. Safe integer. */
  readonly sessionVersion: number
  /** The data-channel section; absent in a description without any section. */
  readonly data?: SdpDataSection | SdpRejectedSection
}

/** `m=application … webrtc-datachannel` in use (RFC 8841). */
export interface SdpDataSection {
  readonly rejected: false
  /** 1 to 16 token characters (RFC 5888). */
  readonly mid: string
  readonly protocol: SdpProtocol
  /** 4 to 256 ice-chars (RFC 8839 §5.4). */
  readonly iceUfrag: string
  /** 22 to 256 ice-chars. */
  readonly icePwd: string
  /** In the order of `ICE_OPTIONS`, each once. */
  readonly iceOptions: readonly IceOption[]
  /** The peer is an ICE lite agent (RFC 8445 §2.5). */
  readonly iceLite: boolean
  /** SHA-256 of the DTLS certificate: 32 bytes. */
  readonly fingerprint: Uint8Array
  readonly setup: SdpSetup
  /** 1 to 65535. */
  readonly sctpPort: number
  /** Bytes of the largest message that the sender of this description accepts; 0 means any size (RFC 8841 §6). */
  readonly maxMessageSize: number
  readonly candidates: readonly IceCandidate[]
  /** No further candidate of this generation will come (RFC 8840 §8.2). */
  readonly endOfCandidates: boolean
}

/** The section with port 0: refused or ended (RFC 3264 §6). */
export interface SdpRejectedSection {
  readonly rejected: true
  readonly mid: string
  readonly protocol: SdpProtocol
}

/** Transport of the `m=` line. JSEP always writes UDP and accepts both, whatever ICE selects (RFC 9429 §5.2.1). */
export type SdpProtocol = 'UDP/DTLS/SCTP' | 'TCP/DTLS/SCTP'

/** DTLS role (RFC 8842): an offer says `actpass`, an answer `active` (DTLS client) or `passive`. */
export type SdpSetup = 'actpass' | 'active' | 'passive'

/** `trickle` RFC 8840, `ice2` RFC 8445, `renomination` libwebrtc. Other options are dropped. */
export type IceOption = 'ice2' | 'renomination' | 'trickle'

/** The options of `a=ice-options` that pass, in the order in which they are written. */
export const ICE_OPTIONS: readonly IceOption[] = ['ice2', 'renomination', 'trickle']

/** What a session description may hold at most. None of these is near what WebRTC stacks write today. */
export const SDP_LIMITS = {
  /** UTF-16 units of a whole description: a full one with 20 candidates has about 3,000. */
  description: 16_384,
  /** UTF-16 units of a line: the longest legitimate one, a candidate, stays below 300. */
  line: 1024,
  /** Candidates in a description: a host with eight interfaces and two relays gathers about 40. */
  candidates: 64,
  /** Characters of `a=mid`. Browsers write `0` or `data`. */
  mid: 16
} as const

/** The SCTP port where `a=sctp-port` is absent (RFC 8841 §5 leaves it open; all stacks use this). */
export const DEFAULT_SCTP_PORT = 5000

/** The message size where `a=max-message-size` is absent (RFC 8841 §6.1). */
export const DEFAULT_MAX_MESSAGE_SIZE = 65_536
