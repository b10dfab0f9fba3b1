import type { SctpCounters } from '../counters.ts'
import type { SackReader } from '../packet/sack-chunk.ts'
import type { TsnSequence } from '../serial.ts'
import type { Abandonment } from './abandonment.ts'
import { Acknowledgements } from './acknowledgements.ts'
import type { Cubic } from './cubic.ts'
import type { OutstandingData } from './outstanding-data.ts'
import { Rack } from './rack.ts'
import type { RetransmissionTimeout } from './rto.ts'
import { TailLossProbe } from './tail-loss-probe.ts'

/**
 * A timer handled later than this tells of a stall here, not on the path: acknowledgements may be waiting to be
 * read, so they are given `STALL_GRACE` to be, once.
 */
const STALL_THRESHOLD = 50
const STALL_GRACE = 10
/** A chunk that was sent so often and is lost again: perhaps its packets are too large for the path. */
const BLACK_HOLE_TRANSMISSIONS = 3
/** Packets' worth of data acknowledged beyond a gap that make a loss evident at once (RFC 8985 section 6.2). */
const EVIDENT_PACKETS = 3

/**
 * What SACKs and timers say of outstanding data: acknowledgement, round trips, losses (RACK), tail-loss probes,
 * retransmission timeout, and what all that means to the congestion window.
 */
export class LossRecovery {
  readonly #outstanding: OutstandingData
  readonly #abandonment: Abandonment
  readonly #congestion: Cubic
  readonly #rto: RetransmissionTimeout
  readonly #tsns: TsnSequence
  readonly #counters: SctpCounters
  readonly #rack = new Rack()
  readonly #probe = new TailLossProbe()
  readonly #acknowledged: Acknowledgements
  #packetSize: number

  /** Retransmission timeouts since the peer was last heard of (RFC 9260 section 8.1). */
  errorCount = 0
  /** a_rwnd of the latest SACK. */
  peerWindow: number
  /** One packet of lost data may go out whatever the window (RFC 9260 section 7.2.4). */
  fastRetransmitDue = false

  #rtoAt = Infinity
  #graceGiven = false
  #reorderAt = Infinity
  /** What was sent before belongs to a loss that the window was already reduced for. */
  #recoveryStart = -Infinity
  #roundEnd = 0
  #blackHoleSuspected = false
  /** After a timeout: the end of what was outstanding at that time. */
  #timeoutEnd: number | undefined

  constructor(parts: {
    outstanding: OutstandingData
    abandonment: Abandonment
    congestion: Cubic
    rto: RetransmissionTimeout
    tsns: TsnSequence
    counters: SctpCounters
    peerWindow: number
    packetSize: number
  }) {
    this.#outstanding = parts.outstanding
    this.#abandonment = parts.abandonment
    this.#congestion = parts.congestion
    this.#rto = parts.rto
    this.#tsns = parts.tsns
    this.#counters = parts.counters
    this.peerWindow = parts.peerWindow
    this.#packetSize = parts.packetSize
    this.#acknowledged = new Acknowledgements(parts.outstanding, this.#rack, this.#probe, parts.tsns)
  }

  setPacketSize(packetSize: number): void {
    this.#packetSize = packetSize
  }

  /** A tail-loss probe is to be sent. */
  get isProbeDue(): boolean {
    return this.#probe.isDue
  }

  cancelProbe(): void {
    this.#probe.isDue = false
  }

  pollTimeout(): number {
    return Math.min(this.#rtoAt, this.#probe.expiresAt, this.#reorderAt)
  }

  /** A packet with DATA or FORWARD-TSN went out. */
  onSent(now: number): void {
    if (this.#rtoAt === Infinity) {
      this.#armTimeout(now)
    }
    if (this.#probe.count === 0) {
      this.#armProbe(now)
    }
  }

  /** The probe went out as chunk `seq`. */
  onProbeSent(seq: number, retransmission: boolean, now: number): void {
    this.#probe.onSent(seq, retransmission, now)
    if (this.#probe.count === 1) {
      this.#armTimeout(now)
    }
    this.#armProbe(now)
    this.#counters.tailLossProbes++
  }

  /** Applies a SACK; false where it acknowledges what was never sent, which changes nothing. */
  handleSack(sack: SackReader, now: number): boolean {
    const outstanding = this.#outstanding
    const cumulative = this.#tsns.toSeq(sack.cumulativeTsn, outstanding.base - 1)
    if (cumulative >= outstanding.next) {
      return false
    }
    if (cumulative < outstanding.base - 1) {
      return true
    }
    const inFlightBefore = outstanding.flightBytes
    const advanced = cumulative >= outstanding.base
    this.#acknowledged.apply(sack, cumulative, this.#recoveryStart, now)
    this.peerWindow = sack.advertisedWindow
    if (advanced || this.#acknowledged.bytes > 0 || sack.advertisedWindow < this.#packetSize) {
      // A peer with a closed window is alive (RFC 9260 section 6.1 A).
      this.errorCount = 0
    }
    this.#measure(now)
    this.#concludeTimeout()
    const repairedAt = this.#probe.conclude(cumulative)
    if (repairedAt !== undefined && repairedAt > this.#recoveryStart) {
      this.#reduceWindow(now)
    }
    this.#detectLosses(now)
    if (this.#acknowledged.growthBytes > 0) {
      this.#grow(inFlightBefore, now)
    }
    if (cumulative >= this.#roundEnd) {
      this.#roundEnd = outstanding.next
      this.#congestion.onRound(this.#rack.minRtt)
    }
    this.#abandonment.onSack(now, this.#rto.srtt ?? 0)
    this.#rearm(advanced, now)
    return true
  }

  /** Handles the timers that are due. */
  handleTimeout(now: number): void {
    if (this.#reorderAt <= now) {
      this.#reorderAt = Infinity
      this.#detectLosses(now)
    }
    if (this.#probe.expiresAt <= now) {
      this.#probe.disarm()
      this.#probe.isDue = this.#outstanding.flightBytes > 0
    }
    if (this.#rtoAt <= now) {
      if (now - this.#rtoAt > STALL_THRESHOLD && !this.#graceGiven) {
        this.#graceGiven = true
        this.#rtoAt = now + STALL_GRACE
      } else {
        this.#onRetransmissionTimeout(now)
      }
    }
  }

  /** Another path: only a probe can tell what became of what is in flight. */
  handlePathChange(now: number): void {
    this.#rack.reset()
    this.#rto.reset()
    this.#congestion.reset()
    this.#recoveryStart = now
    this.#timeoutEnd = undefined
    this.errorCount = 0
    this.#reorderAt = Infinity
    this.#rtoAt = Infinity
    if (this.#isWaiting) {
      this.#armTimeout(now)
    }
    this.#probe.reset()
    this.#probe.isDue = this.#outstanding.flightBytes > 0
  }

  /** Everything in flight is to be sent again, through no fault of the path. */
  loseAll(): void {
    const outstanding = this.#outstanding
    for (let seq = outstanding.oldestInFlight(); seq >= 0; seq = outstanding.oldestInFlight()) {
      outstanding.markLost(seq)
    }
    this.#rtoAt = Infinity
    this.#probe.reset()
  }

  takeBlackHoleSuspicion(): boolean {
    const suspected = this.#blackHoleSuspected
    this.#blackHoleSuspected = false
    return suspected
  }

  get #isWaiting(): boolean {
    return this.#outstanding.flightBytes > 0 || this.#abandonment.isPending
  }

  #measure(now: number): void {
    const { latestSentAt } = this.#acknowledged
    if (latestSentAt !== -Infinity) {
      const rtt = now - latestSentAt
      this.#rto.measure(rtt)
      this.#congestion.onRttSample(rtt)
    } else if (this.#acknowledged.bytes > 0) {
      this.#rto.clearBackoff()
    }
  }

  /** A timeout was spurious if what it took for lost is acknowledged without being sent again (as RFC 5682). */
  #concludeTimeout(): void {
    if (this.#timeoutEnd === undefined) {
      return
    }
    if (this.#acknowledged.includesLost) {
      this.#timeoutEnd = undefined
      this.#congestion.undoTimeout()
    } else if (this.#outstanding.base >= this.#timeoutEnd) {
      this.#timeoutEnd = undefined
      this.#congestion.onTimeoutConfirmed()
    }
  }

  #detectLosses(now: number): void {
    const outstanding = this.#outstanding
    this.#reorderAt = Infinity
    if (outstanding.flightBytes === 0) {
      return
    }
    const evident =
      outstanding.lostCount > 0 || outstanding.gapAckedBytes >= EVIDENT_PACKETS * this.#packetSize
    const wait = this.#rack.rtt + this.#rack.reorderingWindow(evident, this.#rto.srtt ?? 0)
    let latestLost = -Infinity
    for (let seq = outstanding.oldestInFlight(); seq >= 0; seq = outstanding.oldestInFlight()) {
      const sentAt = outstanding.sentAt(seq)
      if (!this.#rack.isOvertaken(seq, sentAt)) {
        break
      }
      if (sentAt + wait > now) {
        this.#reorderAt = sentAt + wait
        break
      }
      latestLost = Math.max(latestLost, sentAt)
      this.#markLost(seq, now)
    }
    if (latestLost > this.#recoveryStart) {
      this.#reduceWindow(now)
    }
  }

  #markLost(seq: number, now: number): void {
    const outstanding = this.#outstanding
    const message = outstanding.message(seq)
    this.#blackHoleSuspected ||= outstanding.transmissions(seq) >= BLACK_HOLE_TRANSMISSIONS
    if (this.#abandonment.isExhausted(message, outstanding.transmissions(seq), now)) {
      this.#abandonment.abandon(message)
      this.#counters.messagesAbandoned++
    } else {
      outstanding.markLost(seq)
    }
  }

  /** Once for all that was in flight together. */
  #reduceWindow(now: number): void {
    this.#recoveryStart = now
    this.fastRetransmitDue = true
    this.#congestion.onCongestion()
    this.#rack.onRecovery()
    this.#counters.congestionEvents++
  }

  #grow(inFlightBefore: number, now: number): void {
    const { cwnd, inSlowStart } = this.#congestion
    const limited = inFlightBefore + this.#packetSize >= cwnd || (inSlowStart && 2 * inFlightBefore >= cwnd)
    this.#congestion.onAcknowledged(this.#acknowledged.growthBytes, now, this.#rto.srtt ?? 0, limited)
  }

  #rearm(advanced: boolean, now: number): void {
    if (!this.#isWaiting) {
      this.#rtoAt = Infinity
      this.#probe.reset()
      return
    }
    if (advanced || this.#acknowledged.bytes > 0 || this.#rtoAt === Infinity) {
      this.#armTimeout(now)
      this.#probe.onProgress()
      this.#armProbe(now)
    }
  }

  #armTimeout(now: number): void {
    this.#rtoAt = now + this.#rto.value
    this.#graceGiven = false
  }

  #armProbe(now: number): void {
    if (this.#outstanding.flightBytes === 0) {
      this.#probe.disarm()
    } else {
      this.#probe.arm(now, this.#rto.srtt, this.#rto.value, this.#rtoAt)
    }
  }

  #onRetransmissionTimeout(now: number): void {
    const outstanding = this.#outstanding
    this.#counters.retransmissionTimeouts++
    this.#rto.backOff()
    this.#reorderAt = Infinity
    this.#probe.reset()
    const oldest = outstanding.oldestInFlight()
    const windowProbe = oldest >= 0 && this.peerWindow < outstanding.length(oldest)
    this.errorCount++
    if (oldest >= 0 && !windowProbe) {
      this.#congestion.onTimeout()
      this.#recoveryStart = now
      this.#timeoutEnd = outstanding.next
    }
    for (let seq = oldest; seq >= 0; seq = outstanding.oldestInFlight()) {
      this.#markLost(seq, now)
    }
    if (this.errorCount > 1) {
      this.#acknowledged.renege()
    }
    this.#abandonment.due ||= this.#abandonment.isPending
    // Sending arms it again; a FORWARD-TSN or a blocked retransmission must not wait for ever either.
    this.#rtoAt = Infinity
    if (this.#abandonment.isPending) {
      this.#armTimeout(now)
    }
  }
}
