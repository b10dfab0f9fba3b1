/**
 * RACK (RFC 8985 section 6): a chunk is lost when one sent later has been acknowledged and a round trip with some
 * room for reordering has passed since it was sent.
 */

/** The smallest round trip is forgotten after one to two of these, for a path may grow longer. */
const MIN_RTT_WINDOW = 10_000
/** RFC 8985 section 6.2 step 4: recoveries after which a widened reordering window narrows again. */
const REORDERING_PERSISTENCE = 16

export class Rack {
  /** The latest transmission that was acknowledged: when, which, and its round trip. */
  #sentAt = -Infinity
  #seq = -1
  #rtt = 0
  #highestAcked = -1
  #reorderingSeen = false
  #windowMultiplier = 1
  #windowPersistence = 0
  #lastWidenedAt = -Infinity
  #minRtt = Infinity
  #olderMinRtt = Infinity
  #minRttSince = -Infinity

  get rtt(): number {
    return this.#rtt
  }

  get minRtt(): number {
    return Math.min(this.#minRtt, this.#olderMinRtt)
  }

  /** A chunk was acknowledged for the first time. */
  onAcknowledged(seq: number, sentAt: number, retransmitted: boolean, now: number): void {
    const rtt = now - sentAt
    if (retransmitted && this.minRtt !== Infinity && rtt < this.minRtt) {
      // So soon only the original can have been meant (step 2).
      return
    }
    if (!retransmitted) {
      this.#measureMinRtt(rtt, now)
      if (seq < this.#highestAcked) {
        this.#reorderingSeen = true
      }
    }
    this.#highestAcked = Math.max(this.#highestAcked, seq)
    if (sentAt > this.#sentAt || (sentAt === this.#sentAt && seq > this.#seq)) {
      this.#sentAt = sentAt
      this.#seq = seq
      this.#rtt = rtt
    }
  }

  /** The peer got something twice: a retransmission was needless, so wait longer from now on (step 4). */
  onDuplicateReported(now: number): void {
    if (now - this.#lastWidenedAt >= this.#rtt) {
      this.#lastWidenedAt = now
      // More than RFC 8985 asks for, but what was needless came late, not never.
      this.#reorderingSeen = true
      this.#windowMultiplier++
      this.#windowPersistence = REORDERING_PERSISTENCE
    }
  }

  onRecovery(): void {
    if (this.#windowPersistence > 0 && --this.#windowPersistence === 0) {
      this.#windowMultiplier = 1
    }
  }

  /** Whether something sent after this chunk has been acknowledged. */
  isOvertaken(seq: number, sentAt: number): boolean {
    return sentAt < this.#sentAt || (sentAt === this.#sentAt && seq < this.#seq)
  }

  /**
   * How long beyond a round trip a chunk may take. `evident`: in recovery already, or three packets' worth beyond a
   * gap; then there is no wait unless this path has been seen to reorder.
   */
  reorderingWindow(evident: boolean, srtt: number): number {
    if (!this.#reorderingSeen && evident) {
      return 0
    }
    const minRtt = this.minRtt === Infinity ? srtt : this.minRtt
    return Math.min((this.#windowMultiplier * minRtt) / 4, srtt)
  }

  /** Another path: its times say nothing of this one. What is in flight stays comparable by when it was sent. */
  reset(): void {
    this.#rtt = 0
    this.#minRtt = Infinity
    this.#olderMinRtt = Infinity
    this.#reorderingSeen = false
    this.#windowMultiplier = 1
    this.#windowPersistence = 0
  }

  #measureMinRtt(rtt: number, now: number): void {
    if (now - this.#minRttSince > MIN_RTT_WINDOW) {
      this.#olderMinRtt = this.#minRtt
      this.#minRtt = rtt
      this.#minRttSince = now
    }
    this.#minRtt = Math.min(this.#minRtt, rtt)
  }
}
