/** What an association counts. Everything only rises. */
export interface SctpCounters {
  packetsSent: number
  packetsReceived: number
  bytesSent: number
  bytesReceived: number
  messagesSent: number
  messagesReceived: number
  chunksRetransmitted: number
  /** Partially reliable messages given up. */
  messagesAbandoned: number
  duplicateChunks: number
  tailLossProbes: number
  retransmissionTimeouts: number
  congestionEvents: number
  /** Packets or chunks dropped, by reason. */
  droppedMalformed: number
  droppedChecksum: number
  droppedPort: number
  droppedVerificationTag: number
  droppedCookie: number
  droppedUnexpected: number
  droppedWindow: number
  droppedReplies: number
  /** SACKs that acknowledged what was never sent. */
  invalidSacks: number
}

export function newCounters(): SctpCounters {
  return {
    packetsSent: 0,
    packetsReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    messagesSent: 0,
    messagesReceived: 0,
    chunksRetransmitted: 0,
    messagesAbandoned: 0,
    duplicateChunks: 0,
    tailLossProbes: 0,
    retransmissionTimeouts: 0,
    congestionEvents: 0,
    droppedMalformed: 0,
    droppedChecksum: 0,
    droppedPort: 0,
    droppedVerificationTag: 0,
    droppedCookie: 0,
    droppedUnexpected: 0,
    droppedWindow: 0,
    droppedReplies: 0,
    invalidSacks: 0
  }
}
