import type { SackReader } from '../packet/sack-chunk.ts'
import type { TsnSequence } from '../serial.ts'
import { ChunkState, type OutstandingData } from './outstanding-data.ts'
import type { Rack } from './rack.ts'
import type { TailLossProbe } from './tail-loss-probe.ts'

/** Applies SACKs to outstanding data, and tells what the latest acknowledged. */
export class Acknowledgements {
  readonly #outstanding: OutstandingData
  readonly #rack: Rack
  readonly #probe: TailLossProbe
  readonly #tsns: TsnSequence

  /** Bytes with their headers. */
  bytes = 0
  /** Those of them that were sent since the window was last reduced. */
  growthBytes = 0
  /** When the latest chunk was sent that was sent once only, -Infinity for none. */
  latestSentAt = -Infinity
  /** Something was acknowledged that counts as lost. */
  includesLost = false

  constructor(outstanding: OutstandingData, rack: Rack, probe: TailLossProbe, tsns: TsnSequence) {
    this.#outstanding = outstanding
    this.#rack = rack
    this.#probe = probe
    this.#tsns = tsns
  }

  /**
   * @param cumulative the SACK's cumulative TSN as sequence number, within what was sent
   * @param recoveryStart when the window was last reduced
   */
  apply(sack: SackReader, cumulative: number, recoveryStart: number, now: number): void {
    this.bytes = 0
    this.growthBytes = 0
    this.latestSentAt = -Infinity
    this.includesLost = false
    const outstanding = this.#outstanding
    while (outstanding.base <= cumulative) {
      this.#acknowledge(outstanding.base, recoveryStart, now)
      outstanding.releaseBase()
    }
    this.#applyGapBlocks(sack, cumulative, recoveryStart, now)
    this.#noteDuplicates(sack, now)
  }

  /** The peer has dropped what it had reported in gap blocks (RFC 9260 section 6.2.1). */
  renege(): void {
    const outstanding = this.#outstanding
    for (let seq = outstanding.base; seq < outstanding.next && outstanding.gapAckedBytes > 0; seq++) {
      if (outstanding.state(seq) === ChunkState.gapAcked) {
        outstanding.markReneged(seq)
      }
    }
  }

  #acknowledge(seq: number, recoveryStart: number, now: number): void {
    const outstanding = this.#outstanding
    const state = outstanding.state(seq)
    if (state !== ChunkState.inFlight && state !== ChunkState.lost) {
      return
    }
    const size = outstanding.wireSize(seq)
    const sentAt = outstanding.sentAt(seq)
    const retransmitted = outstanding.transmissions(seq) > 1
    this.bytes += size
    if (sentAt > recoveryStart) {
      this.growthBytes += size
    }
    if (!retransmitted && sentAt > this.latestSentAt) {
      this.latestSentAt = sentAt
    }
    this.includesLost ||= state === ChunkState.lost
    this.#rack.onAcknowledged(seq, sentAt, retransmitted, now)
  }

  /** Gap blocks must rise and stay within what was sent; the rest of a SACK that breaks this is ignored. */
  #applyGapBlocks(sack: SackReader, cumulative: number, recoveryStart: number, now: number): void {
    const outstanding = this.#outstanding
    if (outstanding.count > 0 && outstanding.state(outstanding.base) === ChunkState.gapAcked) {
      // The peer would have acknowledged this cumulatively if it still had it. A block that is missing says less:
      // SACKs overtake each other.
      this.renege()
    }
    let seq = outstanding.base
    for (let index = 0; index < sack.gapBlocks; index++) {
      const start = cumulative + sack.blockStart(index)
      const end = cumulative + sack.blockEnd(index)
      if (start < seq || end < start || end >= outstanding.next) {
        return
      }
      for (seq = start; seq <= end; seq++) {
        const state = outstanding.state(seq)
        if (state === ChunkState.inFlight || state === ChunkState.lost) {
          this.#acknowledge(seq, recoveryStart, now)
          outstanding.markGapAcked(seq)
        }
      }
    }
  }

  #noteDuplicates(sack: SackReader, now: number): void {
    if (sack.duplicates === 0) {
      return
    }
    this.#rack.onDuplicateReported(now)
    const probed = this.#probe.retransmittedSeq
    for (let index = 0; probed >= 0 && index < sack.duplicates; index++) {
      if (sack.duplicate(index) === this.#tsns.toTsn(probed)) {
        this.#probe.onDuplicate()
        break
      }
    }
  }
}
