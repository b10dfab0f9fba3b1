import { SctpError } from '../errors.ts'
import type { SctpCounters } from '../counters.ts'
import type { SctpEvent } from '../events.ts'
import { resolveOptions, type SctpOptions } from '../options.ts'
import { plainBytes } from '../packet/bytes.ts'
import { CauseCode } from '../packet/error-cause.ts'
import type { SendOptions } from '../tx/outgoing-message.ts'
import { SendQueue } from '../tx/send-queue.ts'
import { AssociationContext } from './association-context.ts'
import { Handshake } from './handshake.ts'
import { PacketHandler } from './packet-handler.ts'
import { PacketWriter } from './packet-writer.ts'
import { Shutdown } from './shutdown.ts'
import type { AssociationStateName } from './state.ts'
import type { Authenticate } from './state-cookie.ts'

/** What an association is given by whoever drives it. */
export interface SctpAssociationInit {
  options?: Partial<SctpOptions>
  /** 32 random bits that nobody can foresee: verification tags and initial TSNs are made of them. */
  random: () => number
  /** A MAC under a key that only this process has; it signs the state cookie. */
  authenticate: Authenticate
}

/** A moment's view of the transfer. Times are milliseconds, sizes bytes. */
export interface SctpStatus {
  /** Smoothed round-trip time, undefined before the first measurement. */
  srtt: number | undefined
  rto: number
  congestionWindow: number
  bytesInFlight: number
  outstandingChunks: number
  /** What the peer's latest SACK left for us to send. */
  peerWindow: number
  packetSize: number
  /** Received and not yet polled. */
  unpolledBytes: number
  /** Queued and not yet sent, with the overhead of messages. */
  queuedBytes: number
}

/**
 * One SCTP association (RFC 9260) for WebRTC data channels (RFC 8831), without I/O: no clock, no timer, no socket.
 * Its driver
 *
 * - hands in every packet that arrives (`handlePacket`), then polls events until there is none;
 * - calls `flush` when no packet is left to hand in for now, and `handleTimeout` when `pollTimeout` has come;
 * - after any of these, and after `send` and the like, polls packets until there is none and sends them (polled
 *   messages open the receive window, so packets come after events).
 *
 * `now` is a monotonic time in milliseconds, the same clock everywhere. What the peer sends never makes a method throw.
 */
export class SctpAssociation {
  readonly #context: AssociationContext
  readonly #handshake: Handshake
  readonly #shutdown: Shutdown
  readonly #handler: PacketHandler
  readonly #writer: PacketWriter

  /** @throws {SctpError} `ERR_SCTP_INVALID_OPTION` */
  constructor(init: SctpAssociationInit) {
    this.#context = new AssociationContext(resolveOptions(init.options ?? {}), init.random, init.authenticate)
    this.#handshake = new Handshake(this.#context)
    this.#shutdown = new Shutdown(this.#context)
    this.#handler = new PacketHandler(this.#context, this.#handshake, this.#shutdown)
    this.#writer = new PacketWriter(this.#context, this.#handshake)
  }

  get state(): AssociationStateName {
    return this.#context.state.name
  }

  get counters(): Readonly<SctpCounters> {
    return this.#context.counters
  }

  /** Starts the handshake. Both sides may; where the peer's has come to its end already, nothing happens. */
  connect(now: number): void {
    const { state } = this.#context
    if (state.name === 'closed' && state.ended === undefined) {
      this.#handshake.connect(now)
    }
  }

  /** Takes a packet from the peer; `bytes` may be used again afterwards. */
  handlePacket(bytes: Uint8Array, now: number): void {
    this.#handler.handle(plainBytes(bytes), now)
    this.#shutdown.progress(now)
  }

  /** No more packets have arrived for now: what did is acknowledged with the next one polled. */
  flush(): void {
    this.#context.block?.receiver.flush()
  }

  /** When `handleTimeout` is to be called, `Infinity` for never as things are. */
  pollTimeout(): number {
    const { state } = this.#context
    switch (state.name) {
      case 'closed':
        return Infinity
      case 'cookie-wait':
      case 'cookie-echoed':
        return state.timer.expiresAt
      case 'established':
      case 'shutdown-pending':
      case 'shutdown-received':
        return state.block.pollTimeout()
      case 'shutdown-sent':
      case 'shutdown-ack-sent':
        return Math.min(state.timer.expiresAt, state.block.pollTimeout())
    }
  }

  /** Handles the timers that are due at `now`, if any. */
  handleTimeout(now: number): void {
    const { state, options } = this.#context
    this.#handshake.handleTimeout(now)
    if (state.name === 'closed' || state.name === 'cookie-wait' || state.name === 'cookie-echoed') {
      return
    }
    state.block.handleTimeout(now)
    if (state.block.errorCount > options.associationMaxRetransmits) {
      this.#context.close({ kind: 'timeout', during: 'transfer' })
      return
    }
    this.#shutdown.handleTimeout(now)
    this.#shutdown.progress(now)
  }

  /**
   * Writes the next packet to send into `out`; gives its length, 0 where there is none.
   *
   * @param out at least `maxPacketSize` bytes
   * @throws {SctpError} `ERR_SCTP_PACKET_BUFFER_TOO_SMALL`
   */
  pollPacket(out: Uint8Array, now: number): number {
    const { maxPacketSize } = this.#context.options
    if (out.length < maxPacketSize) {
      throw new SctpError(
        'ERR_SCTP_PACKET_BUFFER_TOO_SMALL',
        `The packet buffer holds ${out.length} bytes; maxPacketSize asks for ${maxPacketSize}`
      )
    }
    return this.#writer.write(out, now)
  }

  /**
   * The next event. Messages that are not polled use up the receive window and so stop the peer, which is how a slow
   * application slows its sender down.
   */
  pollEvent(): SctpEvent | undefined {
    const event = this.#context.events.shift()
    if (event?.type === 'message') {
      this.#context.block?.receiver.onConsumed()
    }
    return event
  }

  /**
   * Queues a message. Before the association is there it waits.
   *
   * @param data kept by reference until the peer has it: it must not be changed
   * @throws {SctpError} `ERR_SCTP_INVALID_STATE` (closing or closed), `ERR_SCTP_INVALID_STREAM`,
   *   `ERR_SCTP_STREAM_RESETTING`, `ERR_SCTP_EMPTY_MESSAGE` (see {@link Ppid} for empty ones),
   *   `ERR_SCTP_SEND_BUFFER_FULL`
   */
  send(streamId: number, ppid: number, data: Uint8Array, options: SendOptions, now: number): void {
    this.#checkMaySend()
    this.#checkStream(streamId)
    const { queue } = this.#context
    if (data.length === 0) {
      throw new SctpError(
        'ERR_SCTP_EMPTY_MESSAGE',
        'SCTP has no empty messages: send one zero byte under Ppid.stringEmpty or Ppid.binaryEmpty'
      )
    }
    const { maxSendBuffer } = this.#context.options
    if (queue.usedSpace + SendQueue.spaceOf(data.length) > maxSendBuffer) {
      throw new SctpError(
        'ERR_SCTP_SEND_BUFFER_FULL',
        `The send buffer of ${maxSendBuffer} bytes is full: wait until bufferedAmount falls, or raise maxSendBuffer`
      )
    }
    if ((queue.find(streamId)?.resetState ?? 'open') !== 'open') {
      throw new SctpError(
        'ERR_SCTP_STREAM_RESETTING',
        `Stream ${streamId} is being reset: wait for the event outgoing-streams-reset`
      )
    }
    queue.add({
      streamId,
      ppid,
      data,
      unordered: options.ordered === false,
      maxRetransmits: options.maxRetransmits ?? Infinity,
      expiresAt: now + (options.maxPacketLifeTimeMs ?? Infinity),
      onAcknowledged: options.onAcknowledged,
      ssn: 0,
      fragmented: 0,
      firstSeq: -1,
      lastSeq: -1,
      abandoned: false,
      next: undefined
    })
  }

  /** Bytes of the stream's messages that have not been sent once. */
  bufferedAmount(streamId: number): number {
    return this.#context.queue.find(streamId)?.bufferedAmount ?? 0
  }

  /** The event `buffered-amount-low` comes when the buffered amount falls to `threshold`, 0 by default. */
  setBufferedAmountLowThreshold(streamId: number, threshold: number): void {
    this.#checkStream(streamId)
    this.#context.queue.stream(streamId).bufferedAmountLowThreshold = threshold
  }

  /**
   * The stream's weight among those that have something to send (RFC 8831 section 6.4), from the next message on;
   * 256 by default.
   *
   * @throws {SctpError} `ERR_SCTP_INVALID_OPTION` where it is not an integer from 1 to 65535
   */
  setPriority(streamId: number, priority: number): void {
    this.#checkStream(streamId)
    if (!Number.isInteger(priority) || priority < 1 || priority > 65535) {
      throw new SctpError(
        'ERR_SCTP_INVALID_OPTION',
        `A priority is an integer from 1 to 65535; got ${priority}`
      )
    }
    this.#context.queue.setPriority(streamId, priority)
  }

  /**
   * Closes outgoing streams (RFC 6525): no more messages are taken, what is queued is sent, then the peer is asked to
   * reset. The event `outgoing-streams-reset` says that the ids may be used again.
   */
  resetStreams(streamIds: readonly number[]): void {
    this.#checkMaySend()
    for (const streamId of streamIds) {
      this.#checkStream(streamId)
    }
    for (const streamId of streamIds) {
      this.#context.queue.drain(streamId)
    }
  }

  /** Ends the association when all that is queued has been acknowledged. Nothing happens where it is ending. */
  shutdown(now: number): void {
    this.#shutdown.start()
    this.#shutdown.progress(now)
  }

  /** Ends the association at once; the peer is told, with `explanation`. Nothing happens where it has ended. */
  abort(explanation = ''): void {
    const { state } = this.#context
    if (state.name !== 'closed' || state.ended === undefined) {
      const info = new TextEncoder().encode(explanation).subarray(0, MAX_EXPLANATION_BYTES)
      this.#context.abort({ code: CauseCode.userInitiatedAbort, info }, { kind: 'aborted' })
    }
  }

  /**
   * Packets take another path from now on (another candidate pair): congestion window, round-trip times and path MTU
   * begin anew, and a probe finds out what became of what is in flight.
   */
  handlePathChange(now: number): void {
    this.#context.block?.handlePathChange(now)
  }

  /** A view for statistics and tests; undefined while there is no association. */
  status(): SctpStatus | undefined {
    const { block, queue, events } = this.#context
    if (block === undefined) {
      return undefined
    }
    return {
      srtt: block.rto.srtt,
      rto: block.rto.value,
      congestionWindow: block.sender.cwnd,
      bytesInFlight: block.sender.bytesInFlight,
      outstandingChunks: block.sender.outstandingChunks,
      peerWindow: block.sender.peerWindow,
      packetSize: block.pathMtu.packetSize,
      unpolledBytes: events.messageBytes,
      queuedBytes: queue.usedSpace
    }
  }

  #checkMaySend(): void {
    const { state } = this.#context
    const open =
      state.name === 'established' ||
      state.name === 'cookie-wait' ||
      state.name === 'cookie-echoed' ||
      (state.name === 'closed' && state.ended === undefined)
    if (!open) {
      throw new SctpError(
        'ERR_SCTP_INVALID_STATE',
        `The association is ${state.name}: it takes no more messages or resets`
      )
    }
  }

  #checkStream(streamId: number): void {
    const limit = this.#context.block?.agreed.outboundStreams ?? this.#context.options.outboundStreams
    if (!Number.isInteger(streamId) || streamId < 0 || streamId >= limit) {
      throw new SctpError(
        'ERR_SCTP_INVALID_STREAM',
        `Stream ids go from 0 to ${limit - 1} in this association; got ${streamId}`
      )
    }
  }
}

/** Of the explanation in an ABORT: it has to fit any packet. */
const MAX_EXPLANATION_BYTES = 256
