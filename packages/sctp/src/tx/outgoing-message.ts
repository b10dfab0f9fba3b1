/** A message on its way out; its fragments are made when they are sent, by reference to `data`. */
export interface OutgoingMessage {
  readonly streamId: number
  readonly ppid: number
  readonly data: Uint8Array
  readonly unordered: boolean
  /** Retransmissions of any of its chunks at most (RFC 3758; RFC 8831 section 6.6). `Infinity` means reliable. */
  readonly maxRetransmits: number
  /** When it is given up, `Infinity` for never. */
  readonly expiresAt: number
  readonly onAcknowledged: ((data: Uint8Array) => void) | undefined
  /** Given when the first fragment is made. */
  ssn: number
  /** Bytes that have been made into fragments. */
  fragmented: number
  /** Sequence numbers of its fragments so far; -1 where there are none. */
  firstSeq: number
  lastSeq: number
  abandoned: boolean
  /** The next message of the stream's queue. */
  next: OutgoingMessage | undefined
}

/** How a message is sent. */
export interface SendOptions {
  /** @default true */
  ordered?: boolean
  /** Retransmissions at most. @default unlimited */
  maxRetransmits?: number
  /** Milliseconds from `send()` during which it is (re)transmitted. @default unlimited */
  maxPacketLifeTimeMs?: number
  /**
   * Called once the peer has all of the message: `data` is referenced no more, so its memory may be used again. Not
   * called for a message that is given up, nor once the association has ended. It must not call the association.
   */
  onAcknowledged?: (data: Uint8Array) => void
}
