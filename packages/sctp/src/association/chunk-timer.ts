/** A retransmission timer that counts what it sent: T1-init, T1-cookie, T2-shutdown (RFC 9260 section 16). */
export interface ChunkTimer {
  expiresAt: number
  /** Transmissions so far. */
  transmissions: number
  sentAt: number
  /** The chunk is to be sent. */
  due: boolean
}

/** The timer of a chunk that is to be sent at once. */
export function newChunkTimer(now: number): ChunkTimer {
  return { expiresAt: Infinity, transmissions: 0, sentAt: now, due: true }
}

/** The chunk goes out. */
export function noteSent(timer: ChunkTimer, rto: number, now: number): void {
  timer.due = false
  timer.transmissions++
  timer.sentAt = now
  timer.expiresAt = now + rto
}

/** The chunk is to be sent once more. */
export function repeatChunk(timer: ChunkTimer): void {
  timer.due = true
  timer.expiresAt = Infinity
}
