import type { SendOptions } from '@hearsay/sctp'

/** Largest packet that is tried: 1500 of Ethernet less 40 IPv6, 8 UDP, 4 TURN, 37 DTLS, in multiples of 4. */
export const MAX_PACKET_SIZE = 1408

export interface SctpAssociationInit {
  readonly localPort: number
  readonly remotePort: number
  /** Sends the INIT. A peer that sends one too is answered either way (RFC 9260 §5.2.1). */
  readonly initiates: boolean
  /** Bytes of the largest message taken from the peer; a larger one ends the association. */
  readonly maxMessageSize: number
  /** Bytes in flight at most on a short path, where all of them may come to wait in the peer's socket. */
  readonly shortPathWindow: number
}

/** What an association tells its owner. Never called from within the constructor. */
export interface SctpHandlers {
  /** Where the next packet is to be written, `MAX_PACKET_SIZE` bytes at least; asked for anew for each. */
  readonly packetBuffer: Uint8Array
  /** The first `length` bytes of `packetBuffer` are a packet for the peer. */
  onPacket(length: number): void
  /** Established; stream identifiers run from 0 to `maxStreams - 1` both ways. */
  onConnected(maxStreams: number): void
  /** A whole message. The bytes are the handler's. */
  onMessage(streamId: number, ppid: number, data: Uint8Array): void
  /** So many bytes of `send()` on this stream have left for the network, or were given up. */
  onSent(streamId: number, bytes: number): void
  /** The peer will send nothing more on this stream (RFC 6525), and all that it sent has been delivered. */
  onIncomingReset(streamId: number): void
  /** The peer asks for `resetStream()`, which is done: the stream takes no more messages (RFC 6525 §5.2.3). */
  onResetRequested(streamId: number): void
  /** The peer has confirmed `resetStream()`. */
  onOutgoingReset(streamId: number): void
  /** The association is over, not by `abort()`. `causeCode` is of RFC 9260 §3.3.10. Nothing follows. */
  onClosed(causeCode: number | undefined): void
}

/**
 * An SCTP association over DTLS (RFC 9260, 8261), as much as data channels need of it. Chunks, acknowledgements and
 * timers are inside; data channels and their protocol (RFC 8832) are not.
 */
export interface SctpAssociation {
  start(): void
  /** Takes a packet from the peer, at a time of `performance.now()`; keeps no reference. Never throws. */
  handlePacket(packet: Uint8Array, now: number): void
  /** Queues a message of at least one byte, which must not be changed any more. */
  send(streamId: number, ppid: number, data: Uint8Array, options: SendOptions): void
  /** Ends the outgoing side of a stream once all that was sent on it has arrived (RFC 6525, RFC 8831 §6.7). */
  resetStream(streamId: number): void
  /** Weight among the streams that have something to send (RFC 8831 §6.4), from the next message on. */
  setPriority(streamId: number, priority: number): void
  /** Packets take another path from now on: what was learnt of the old one (rate, round trips, MTU) is forgotten. */
  handlePathChange(): void
  /** Sends ABORT and forgets everything. Idempotent. */
  abort(): void
}
