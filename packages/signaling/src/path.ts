/**
 * How an envelope came in. What a hop can verify is charged to `neighbour`, everything else to `origin`.
 */
export interface Arrival {
  /** Name of the path. */
  readonly path: string
  /**
   * Peer ID of who put the envelope on the path, as the path verified it (a signature, or the neighbour itself); where
   * there is a `via`, as that intermediary says, which may lie.
   */
  readonly origin: string
  /** Peer ID of the neighbour who handed it to us. */
  readonly neighbour: string
  /** The intermediary of the path's `intermediaries()` through which it came. An answer may go back through it. */
  readonly via?: string
}

/** Somebody who alone can pass envelopes on to a peer. */
export interface Intermediary {
  readonly peer: string
  /** A connection to it stands, so that an envelope leaves at once. */
  readonly isConnected: boolean
}

/**
 * A way for envelopes: an adapter over the overlay, a file of about a hundred lines. It may lose, repeat, reorder and
 * delay; whoever carries an envelope may lie. Paths need not retransmit: that is done above them.
 */
export interface SignalingPath {
  /** 'session', 'direct', 'introducer', 'gossip', … : unique among the paths of one signaler. */
  readonly name: string

  /** Cheaper paths are tried first. session 5, direct 10, introducer 20, gossip 100. */
  readonly cost: number

  /**
   * Who stands between us and the peer. `direct`: nobody, the neighbour is the peer itself. `relayed`: somebody who
   * passes the envelope on to that peer alone. `broadcast`: everybody hears it and everybody pays for it, so that it
   * carries little, and seldom. Two relayed paths share no intermediary. @default 'relayed'
   */
  readonly kind?: 'direct' | 'relayed' | 'broadcast'

  /** Whether an envelope to this peer could be sent now. Cheap, and without side effects. */
  reaches(remotePeer: string): boolean

  /**
   * Where the path has several lanes to a peer: who stands on each of them, best first; `reaches()` is not asked then.
   * None or absent: one lane where that says so, whose intermediaries nobody knows. As cheap as `reaches()`.
   */
  intermediaries?(remotePeer: string): readonly Intermediary[]

  /**
   * Hands one envelope (16 KiB at most) to the path; resolves once it is on its way, not when it arrives.
   *
   * @param via through which of `intermediaries()`, where there are any; or through whom something of the peer came
   * @throws {PathUnavailableError} the queue is full, or nobody is there to take it
   */
  send(remotePeer: string, envelope: Uint8Array, via?: string): Promise<void>

  /** Starts to deliver what comes for us. */
  start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void>

  /** Idempotent. Nothing is delivered afterwards, and nothing is left behind. */
  stop(): Promise<void>
}
