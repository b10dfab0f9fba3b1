/**
 * How an envelope came in. What a hop can verify is charged to `neighbour`, everything else to `origin`.
 */
export interface Arrival {
  /** Name of the path. */
  readonly path: string
  /** Peer ID of who put the envelope on the path, as the path verified it (a signature, or the neighbour itself). */
  readonly origin: string
  /** Peer ID of the neighbour who handed it to us. */
  readonly neighbour: string
}

/**
 * A way for envelopes: an adapter over the overlay, a file of about a hundred lines. It may lose, repeat, reorder and
 * delay; whoever carries an envelope may lie. Paths need not retransmit: that is done above them.
 */
export interface SignalingPath {
  /** 'direct', 'gossip', … : unique among the paths of one signaler. */
  readonly name: string

  /** Cheaper paths are tried first. direct 10, introducer 20, gossip 100. */
  readonly cost: number

  /**
   * Who stands between us and the peer. `direct`: nobody, the neighbour is the peer itself. `relayed`: somebody who
   * passes the envelope on to that peer alone. `broadcast`: everybody hears it and everybody pays for it, so that it
   * carries little, and seldom. @default 'relayed'
   */
  readonly kind?: 'direct' | 'relayed' | 'broadcast'

  /** Whether an envelope to this peer could be sent now. Cheap, and without side effects. */
  reaches(remotePeer: string): boolean

  /**
   * Hands one envelope (16 KiB at most) to the path; resolves once it is on its way, not when it arrives.
   *
   * @throws {PathUnavailableError} the queue is full, or nobody is there to take it
   */
  send(remotePeer: string, envelope: Uint8Array): Promise<void>

  /** Starts to deliver what comes for us. */
  start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void>

  /** Idempotent. Nothing is delivered afterwards, and nothing is left behind. */
  stop(): Promise<void>
}
