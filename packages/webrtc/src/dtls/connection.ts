import type { DtlsEvent } from './events.ts'

/** `client` sends the ClientHello (`a=setup:active`), `server` waits for it (`a=setup:passive`). */
export type DtlsRole = 'client' | 'server'

/** What the handshake needs of the own certificate; `Certificate` is one. */
export interface LocalCertificate {
  /** The X.509 certificate, DER; its key is ECDSA P-256. */
  readonly der: Uint8Array
  /** Signs with ECDSA P-256 and SHA-256; the signature is a DER SEQUENCE (RFC 4492, section 5.4). */
  sign(data: Uint8Array): Uint8Array
}

/** An `a=fingerprint` of SDP (RFC 8122). */
export interface DtlsFingerprint {
  /** Only `sha-256` (in any case) is accepted. */
  readonly algorithm: string
  /** 32 bytes in hex, separated by colons. */
  readonly value: string
}

export interface DtlsConnectionInit {
  role: DtlsRole
  certificate: LocalCertificate
  /** The one fingerprint of the remote description: no other certificate is accepted. */
  remoteFingerprint: DtlsFingerprint
  /** Largest datagram to send, in bytes. @default 1200 */
  mtu?: number
  /** First retransmission timeout; give 1.5 times the RTT that ICE measured (RFC 9147, section 5.8.2). @default 100 */
  initialRetransmissionTimeoutMs?: number
  /** From `start()` to `connected`. @default 30_000 */
  handshakeTimeoutMs?: number
}

/**
 * One end of a DTLS 1.2 association, without I/O: hand in datagrams and the time, take out datagrams,
 * events and the time of the next timeout. Drain `pollDatagram()` and `pollEvent()` after every call.
 */
export class DtlsConnection {
  constructor(init: DtlsConnectionInit) {
    void init
  }

  /** Begins the handshake. Times are milliseconds of any one monotonic clock. */
  start(now: number): void {
    void now
  }

  /** Takes a datagram that came from the peer's ICE-validated address. Never throws; keeps no reference. */
  handleDatagram(datagram: Uint8Array, now: number): void {
    void [datagram, now]
  }

  /** To be called once the time of `pollTimeout()` has come. */
  handleTimeout(now: number): void {
    void now
  }

  /** When `handleTimeout()` is due, or undefined if nothing is. */
  pollTimeout(): number | undefined {
    return undefined
  }

  /** The next datagram to send. */
  pollDatagram(): Uint8Array | undefined {
    return undefined
  }

  /** The next event. */
  pollEvent(): DtlsEvent | undefined {
    return undefined
  }

  /** Largest `data` that `send()` puts into a datagram of `mtu` bytes; 0 until connected. */
  get maxDataLength(): number {
    return 0
  }

  /** Sends one application record. @throws {DtlsError} unless connected, or if longer than 2^14 bytes */
  send(data: Uint8Array): void {
    void data
  }

  /** Sends close_notify and is closed; idempotent. Emits no event. */
  close(): void {}
}
