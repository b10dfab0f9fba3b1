/**
 * What a connection measured of itself, in milliseconds and counts; `getConnectionMetrics()` gives it. In browsers,
 * which do not tell all of it, members are absent.
 */
export interface ConnectionMetrics {
  /** Constructing the connection, certificate included. */
  readonly initializationMs?: number
  /** From the first local description to the last candidate; absent while gathering. */
  readonly gatheringMs?: number
  /** From both descriptions to the first usable candidate pair. */
  readonly iceMs?: number
  /** From that pair to the verified end of the DTLS handshake. */
  readonly dtlsMs?: number
  /** From there to the SCTP association. */
  readonly sctpMs?: number
  readonly candidatePairs: {
    /** Pairs on which a check was sent. */
    readonly tried: number
    readonly succeeded: number
    readonly failed: number
  }
  /** Datagrams that the ICE guard dropped, by reason. */
  readonly iceDrops: Readonly<Record<string, number>>
  /** Records that DTLS dropped, by reason. */
  readonly dtlsDrops: Readonly<Record<string, number>>
}
