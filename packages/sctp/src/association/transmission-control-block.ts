import type { SctpCounters } from '../counters.ts'
import type { SctpOptions } from '../options.ts'
import { DataReceiver } from '../rx/data-receiver.ts'
import { TsnSequence } from '../serial.ts'
import { DataSender } from '../tx/data-sender.ts'
import type { RetransmissionTimeout } from '../tx/rto.ts'
import type { SendQueue } from '../tx/send-queue.ts'
import type { EventQueue } from './event-queue.ts'
import { Heartbeat } from './heartbeat.ts'
import { PathMtu } from './path-mtu.ts'
import type { AgreedParameters } from './state-cookie.ts'
import { StreamReset } from './stream-reset.ts'

/** Timeouts in a row that tell of a black hole, where packets are above the base size. */
const BLACK_HOLE_TIMEOUTS = 2

/** What exists while two endpoints are associated (RFC 9260 section 14). */
export class TransmissionControlBlock {
  readonly agreed: AgreedParameters
  readonly rto: RetransmissionTimeout
  readonly sender: DataSender
  readonly receiver: DataReceiver
  readonly streamReset: StreamReset
  readonly heartbeat: Heartbeat
  readonly pathMtu: PathMtu

  constructor(init: {
    agreed: AgreedParameters
    options: SctpOptions
    counters: SctpCounters
    queue: SendQueue
    events: EventQueue
    rto: RetransmissionTimeout
    random: () => number
    now: number
  }) {
    const { agreed, options, counters, queue, events, rto } = init
    this.agreed = agreed
    this.rto = rto
    this.sender = new DataSender({
      queue,
      options,
      tsns: new TsnSequence(agreed.localInitialTsn),
      rto,
      peerWindow: agreed.peerWindow,
      forwardTsn: agreed.forwardTsn,
      counters
    })
    this.receiver = new DataReceiver({
      options,
      tsns: new TsnSequence(agreed.peerInitialTsn),
      counters,
      backlog: events,
      deliver: (streamId, ppid, data) => {
        counters.messagesReceived++
        events.push({ type: 'message', streamId, ppid, data })
      },
      onDeferredReset: (streamIds) => {
        this.streamReset.onDeferredReset(streamIds)
      }
    })
    this.streamReset = new StreamReset({
      queue,
      sender: this.sender,
      receiver: this.receiver,
      rto,
      emit: (event) => {
        events.push(event)
      },
      unpolledEvents: () => events.otherCount,
      localInitialTsn: agreed.localInitialTsn,
      peerInitialTsn: agreed.peerInitialTsn,
      supported: agreed.reConfig
    })
    this.heartbeat = new Heartbeat(options.heartbeatInterval, rto, init.random, init.now)
    this.pathMtu = new PathMtu(options.basePacketSize, options.maxPacketSize)
  }

  /** Transmissions in a row that the peer did not answer (RFC 9260 section 8.1). */
  get errorCount(): number {
    return Math.max(this.sender.errorCount, this.heartbeat.errorCount, this.streamReset.errorCount)
  }

  pollTimeout(): number {
    return Math.min(
      this.sender.pollTimeout(),
      this.receiver.pollTimeout(),
      this.streamReset.pollTimeout(),
      this.heartbeat.pollTimeout(),
      this.pathMtu.pollTimeout()
    )
  }

  handleTimeout(now: number): void {
    this.sender.handleTimeout(now)
    this.receiver.handleTimeout(now)
    this.streamReset.handleTimeout(now)
    this.pathMtu.handleTimeout(now)
    if (this.heartbeat.handleTimeout(now)) {
      this.receiver.trim()
      this.sender.trim()
    }
    this.#noticeBlackHole(now)
  }

  /** A packet of the peer's has been handled. */
  endPacket(now: number): void {
    this.receiver.endPacket(now)
    this.heartbeat.onHeard(now)
    this.#noticeBlackHole(now)
  }

  handleHeartbeatAck(bytes: Uint8Array, start: number, end: number, now: number): void {
    const provenSize = this.heartbeat.handleAck(bytes, start, end, now)
    if (provenSize > 0) {
      this.pathMtu.onProbeAcknowledged(provenSize, now)
      this.sender.setPacketSize(this.pathMtu.packetSize)
    }
  }

  handlePathChange(now: number): void {
    this.sender.handlePathChange(now)
    this.heartbeat.reset(now)
    this.pathMtu.start(now)
    this.sender.setPacketSize(this.pathMtu.packetSize)
  }

  #noticeBlackHole(now: number): void {
    const suspected = this.sender.takeBlackHoleSuspicion()
    if (suspected || this.sender.errorCount >= BLACK_HOLE_TIMEOUTS) {
      this.pathMtu.onBlackHole(now)
      this.sender.setPacketSize(this.pathMtu.packetSize)
    }
  }
}
