import { SctpError } from './errors.ts'

/** Options of an {@link SctpAssociation}. Times are milliseconds. */
export interface SctpOptions {
  /** @default 5000, the port of `a=sctp-port` in practice (RFC 8841 section 5) */
  localPort: number
  /** @default 5000 */
  remotePort: number
  /** Outgoing streams asked for. @default 65535 (RFC 8831 section 6.2) */
  outboundStreams: number
  /** Incoming streams allowed. @default 65535 (RFC 8831 section 6.2) */
  inboundStreams: number
  /**
   * Largest message accepted from the peer, bytes; a longer one aborts the association, because the peer was told
   * by `a=max-message-size` (RFC 8841 section 6).
   *
   * @default 262144, what browsers send at most
   */
  maxMessageSize: number
  /**
   * Bytes received and not yet polled, at most; advertised as the receive window.
   *
   * @default 4194304: 80 MB/s at 50 ms, and what one slow reader may cost
   */
  receiveWindow: number
  /**
   * Bytes of messages queued and not yet sent, at most, with 128 more for each message; `send()` throws beyond.
   *
   * @default 67108864, four channels of the 16 MiB that browsers allow a channel
   */
  maxSendBuffer: number
  /**
   * Packet size that every path carries, bytes of SCTP packet: 1280 of IPv6 less 40 IPv6, 8 UDP, 4 TURN, 37 DTLS,
   * in multiples of 4. No DATA chunk is ever larger, so that a falling path MTU strands none.
   *
   * @default 1188
   */
  basePacketSize: number
  /**
   * Largest packet that path MTU discovery (RFC 8899) tries; equal to `basePacketSize` it is off.
   *
   * @default 1188
   */
  maxPacketSize: number
  /** @default 500: WebRTC starts after ICE, so the path is known to be alive (RFC 9260 section 16 has 1000) */
  rtoInitial: number
  /** @default 200: what TCP stacks use; RACK and tail-loss probes act sooner (RFC 9260 has 1000) */
  rtoMin: number
  /** @default 10000: after an outage recovery is tried at least so often (RFC 9260 has 60000) */
  rtoMax: number
  /** Retransmissions of INIT or COOKIE ECHO. @default 8 (RFC 9260 section 16) */
  maxInitRetransmits: number
  /** Retransmissions without an answer after which the peer is given up. @default 10 (RFC 9260 section 16) */
  associationMaxRetransmits: number
  /** @default 60000 (RFC 9260 section 16) */
  cookieLifetime: number
  /** Silence after which a HEARTBEAT is sent. @default 30000 (RFC 9260 section 16) */
  heartbeatInterval: number
  /** Packets with DATA after which a SACK is due without `flush()`. @default 8, measured as the best rate */
  sackEveryPackets: number
  /** A SACK is due after this time where nobody calls `flush()`. @default 20 (RFC 9260 section 6.2: 200 at most) */
  sackDelay: number
  /** Initial congestion window, packets. @default 10 (RFC 6928) */
  initialWindowPackets: number
  /**
   * Congestion window at most, bytes: set it to what the socket's receive buffer holds where the kernel drops beyond.
   *
   * @default 8388608
   */
  maxCongestionWindow: number
  /**
   * Congestion window at most, bytes, on a path so short that more could only be a queue in front of the peer: up to a
   * round trip in which 10 Gbit/s carry as much. Set it to what a socket's receive buffer holds.
   *
   * @default 524288: more costs memory and cache, and every other message its time in the queue
   */
  shortPathWindow: number
  /**
   * Announce that packets with a zero checksum are accepted, and send such where the peer announced it too (RFC
   * 9653). Only over DTLS, whose AEAD detects errors.
   *
   * @default false, the safe side for who uses this over a bare network
   */
  zeroChecksum: boolean
  /** First TSN; for tests of wrapping. @default random */
  initialTsn: number | undefined
}

export const DEFAULT_SCTP_OPTIONS: Readonly<SctpOptions> = {
  localPort: 5000,
  remotePort: 5000,
  outboundStreams: 65535,
  inboundStreams: 65535,
  maxMessageSize: 262144,
  receiveWindow: 4 * 1024 * 1024,
  maxSendBuffer: 64 * 1024 * 1024,
  basePacketSize: 1188,
  maxPacketSize: 1188,
  rtoInitial: 500,
  rtoMin: 200,
  rtoMax: 10_000,
  maxInitRetransmits: 8,
  associationMaxRetransmits: 10,
  cookieLifetime: 60_000,
  heartbeatInterval: 30_000,
  sackEveryPackets: 8,
  sackDelay: 20,
  initialWindowPackets: 10,
  maxCongestionWindow: 8 * 1024 * 1024,
  shortPathWindow: 512 * 1024,
  zeroChecksum: false,
  initialTsn: undefined
}

/** Smallest and largest value of each numeric option. */
const RANGES: Readonly<Partial<Record<keyof SctpOptions, readonly [number, number]>>> = {
  localPort: [1, 65535],
  remotePort: [1, 65535],
  outboundStreams: [1, 65535],
  inboundStreams: [1, 65535],
  maxMessageSize: [1, 0x3fffffff],
  // RFC 9260 section 3.3.2: 1500 at least.
  receiveWindow: [1500, 0x3fffffff],
  maxSendBuffer: [1, Number.MAX_SAFE_INTEGER],
  // An INIT ACK with its cookie has to fit; an UDP datagram holds no more.
  basePacketSize: [512, 65532],
  maxPacketSize: [512, 65532],
  rtoInitial: [1, 60_000],
  rtoMin: [1, 60_000],
  rtoMax: [1, 600_000],
  maxInitRetransmits: [0, 1000],
  associationMaxRetransmits: [0, 1000],
  cookieLifetime: [1, 3_600_000],
  heartbeatInterval: [1, 3_600_000],
  sackEveryPackets: [1, 1000],
  sackDelay: [0, 200],
  initialWindowPackets: [1, 100],
  maxCongestionWindow: [4096, 0x3fffffff],
  shortPathWindow: [4096, 0x3fffffff],
  initialTsn: [0, 0xffffffff]
}

/**
 * The options with their defaults.
 *
 * @throws {SctpError} `ERR_SCTP_INVALID_OPTION` naming the option at fault
 */
export function resolveOptions(given: Partial<SctpOptions>): SctpOptions {
  const defaults = {
    ...DEFAULT_SCTP_OPTIONS,
    maxPacketSize: given.basePacketSize ?? DEFAULT_SCTP_OPTIONS.maxPacketSize
  }
  const named = Object.entries(given).filter(([, value]) => value !== undefined)
  const options: SctpOptions = { ...defaults, ...(Object.fromEntries(named) as Partial<SctpOptions>) }
  for (const [name, range] of Object.entries(RANGES)) {
    const value = options[name as keyof SctpOptions]
    if (value !== undefined && !isWithin(value, range)) {
      throw invalid(name, value, `between ${range[0]} and ${range[1]}`)
    }
  }
  if (options.basePacketSize % 4 !== 0) {
    throw invalid('basePacketSize', options.basePacketSize, 'a multiple of 4')
  }
  if (options.maxPacketSize < options.basePacketSize) {
    throw invalid(
      'maxPacketSize',
      options.maxPacketSize,
      `at least basePacketSize (${options.basePacketSize})`
    )
  }
  if (options.receiveWindow < options.maxMessageSize) {
    throw invalid(
      'receiveWindow',
      options.receiveWindow,
      `at least maxMessageSize (${options.maxMessageSize}), or such a message could never be whole`
    )
  }
  if (options.rtoMax < options.rtoMin) {
    throw invalid('rtoMax', options.rtoMax, `at least rtoMin (${options.rtoMin})`)
  }
  return options
}

function isWithin(value: unknown, [least, most]: readonly [number, number]): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function invalid(name: string, value: unknown, expected: string): SctpError {
  return new SctpError('ERR_SCTP_INVALID_OPTION', `Option ${name} must be ${expected}; got ${String(value)}`)
}
