import { padded, readUint16, readUint32 } from '../packet/bytes.ts'
import {
  ChunkType,
  encodeChunk,
  nextChunkOffset,
  readChunkAt,
  TAG_REFLECTED,
  unrecognizedAction,
  type ChunkPosition
} from '../packet/chunk.ts'
import {
  checksumIsGood,
  COMMON_HEADER_LENGTH,
  readCommonHeader,
  type CommonHeader
} from '../packet/common-header.ts'
import { CauseCode, encodeAbortChunk, encodeErrorChunk, readErrorCauses } from '../packet/error-cause.ts'
import { readForwardTsnChunk } from '../packet/forward-tsn-chunk.ts'
import { readReConfigChunk } from '../packet/re-config-chunk.ts'
import { SackReader } from '../packet/sack-chunk.ts'
import type { AssociationContext } from './association-context.ts'
import type { Handshake } from './handshake.ts'
import type { Shutdown } from './shutdown.ts'
import type { TransmissionControlBlock } from './transmission-control-block.ts'

const MIN_PACKET_LENGTH = COMMON_HEADER_LENGTH + 4
/** What of an unrecognized chunk is reported back at most. */
const MAX_REPORTED_BYTES = 128
const SHUTDOWN_LENGTH = 8

/** RFC 9260 section 8.4, rules 5, 2, 6 and 7. */
const OUT_OF_THE_BLUE_COMPLETED: ReadonlySet<number> = new Set([ChunkType.shutdownAck])
const OUT_OF_THE_BLUE_IGNORED: ReadonlySet<number> = new Set([
  ChunkType.abort,
  ChunkType.shutdownComplete,
  ChunkType.error,
  ChunkType.cookieAck
])

/**
 * What a packet from the peer does: it is checked (ports, checksum, verification tag: RFC 9260 sections 6.8 and 8.5)
 * and taken apart, and each chunk goes to its procedure. What is wrong is dropped and counted.
 */
export class PacketHandler {
  readonly #context: AssociationContext
  readonly #handshake: Handshake
  readonly #shutdown: Shutdown
  readonly #header: CommonHeader = { sourcePort: 0, destinationPort: 0, verificationTag: 0 }
  readonly #chunk: ChunkPosition = { start: 0, end: 0 }
  readonly #sack = new SackReader()

  constructor(context: AssociationContext, handshake: Handshake, shutdown: Shutdown) {
    this.#context = context
    this.#handshake = handshake
    this.#shutdown = shutdown
  }

  handle(bytes: Uint8Array, now: number): void {
    const { counters, options } = this.#context
    counters.packetsReceived++
    counters.bytesReceived += bytes.length
    if (bytes.length < MIN_PACKET_LENGTH) {
      counters.droppedMalformed++
      return
    }
    const header = this.#header
    readCommonHeader(bytes, header)
    if (header.sourcePort !== options.remotePort || header.destinationPort !== options.localPort) {
      counters.droppedPort++
      return
    }
    if (!checksumIsGood(bytes, options.zeroChecksum)) {
      counters.droppedChecksum++
      return
    }
    const chunk = this.#chunk
    if (!readChunkAt(bytes, COMMON_HEADER_LENGTH, chunk)) {
      counters.droppedMalformed++
      return
    }
    if (!this.#admit(bytes, bytes[chunk.start], now)) {
      return
    }
    this.#handleChunks(bytes, now)
    this.#context.block?.endPacket(now)
  }

  /**
   * Handles the first chunk where the usual rule for the verification tag does not hold for it, and tells whether
   * the packet is to be handled further, from {@link #chunk} on.
   */
  #admit(bytes: Uint8Array, firstType: number, now: number): boolean {
    const { counters, state, block } = this.#context
    const { verificationTag } = this.#header
    const { start, end } = this.#chunk
    if (firstType === ChunkType.init) {
      // INIT stands alone, under tag 0 (section 8.5.1, rule A).
      if (verificationTag === 0 && padded(end) >= bytes.length) {
        this.#handshake.handleInit(bytes, start, end, now)
      } else {
        counters.droppedVerificationTag++
      }
      return false
    }
    if (firstType === ChunkType.cookieEcho) {
      return (
        this.#handshake.handleCookieEcho(bytes, start, end, verificationTag, now) &&
        this.#context.block?.agreed.localTag === verificationTag
      )
    }
    const localTag = block?.agreed.localTag ?? this.#handshake.localTag
    const reflected =
      (firstType === ChunkType.abort || firstType === ChunkType.shutdownComplete) &&
      (bytes[start + 1] & TAG_REFLECTED) !== 0
    const expected = reflected ? block?.agreed.peerTag : localTag
    const outOfTheBlue = state.name === 'closed'
    if (!outOfTheBlue && verificationTag === expected) {
      if (firstType === ChunkType.shutdownAck && block === undefined) {
        this.#shutdown.replyOutOfTheBlue(verificationTag)
        return false
      }
      return true
    }
    if (!outOfTheBlue) {
      counters.droppedVerificationTag++
      return false
    }
    this.#handleOutOfTheBlue(bytes, verificationTag)
    return false
  }

  /** Section 8.4. An association that has not begun keeps silent, for its own handshake may be on its way. */
  #handleOutOfTheBlue(bytes: Uint8Array, verificationTag: number): void {
    const { counters, outbox, state } = this.#context
    counters.droppedUnexpected++
    if (state.name !== 'closed' || state.ended === undefined) {
      return
    }
    if (this.#contains(bytes, OUT_OF_THE_BLUE_COMPLETED)) {
      this.#shutdown.replyOutOfTheBlue(verificationTag)
    } else if (state.ended.kind !== 'shutdown' && !this.#contains(bytes, OUT_OF_THE_BLUE_IGNORED)) {
      // After a graceful end this is a late packet of a peer that comes to the same end: an ABORT would spoil it.
      outbox.reply(verificationTag, encodeAbortChunk(TAG_REFLECTED))
    }
  }

  #contains(bytes: Uint8Array, types: ReadonlySet<number>): boolean {
    const chunk = { ...this.#chunk }
    do {
      if (types.has(bytes[chunk.start])) {
        return true
      }
    } while (readChunkAt(bytes, nextChunkOffset(chunk), chunk))
    return false
  }

  #handleChunks(bytes: Uint8Array, now: number): void {
    const chunk = this.#chunk
    for (;;) {
      if (!this.#handleChunk(bytes, chunk.start, chunk.end, now)) {
        return
      }
      const next = nextChunkOffset(chunk)
      if (next >= bytes.length) {
        return
      }
      if (!readChunkAt(bytes, next, chunk)) {
        this.#context.counters.droppedMalformed++
        return
      }
    }
  }

  /** False where the rest of the packet is not to be looked at. */
  #handleChunk(bytes: Uint8Array, start: number, end: number, now: number): boolean {
    const { block, counters } = this.#context
    const type = bytes[start]
    switch (type) {
      case ChunkType.data:
        return block === undefined ? this.#drop() : this.#handleData(block, bytes, start, end)
      case ChunkType.sack:
        return block === undefined ? this.#drop() : this.#handleSack(block, bytes, start, end, now)
      case ChunkType.cookieEcho:
        // Handled already where it stands first, and wrong elsewhere.
        return start === COMMON_HEADER_LENGTH ? true : this.#drop()
      case ChunkType.init:
        return this.#drop()
      case ChunkType.initAck:
        // Like INIT it stands alone (section 6.10).
        this.#handshake.handleInitAck(bytes, start, end, now)
        return false
      case ChunkType.cookieAck:
        this.#handshake.handleCookieAck(now)
        return true
      case ChunkType.abort:
        this.#handleAbort(bytes, start, end)
        return false
      case ChunkType.shutdown:
        return block === undefined ? this.#drop() : this.#handleShutdown(block, bytes, start, end, now)
      case ChunkType.shutdownAck:
        this.#shutdown.handleShutdownAck()
        return false
      case ChunkType.shutdownComplete:
        this.#shutdown.handleShutdownComplete()
        return false
      case ChunkType.heartbeat:
        this.#handleHeartbeat(bytes, start, end)
        return true
      case ChunkType.heartbeatAck:
        block?.handleHeartbeatAck(bytes, start, end, now)
        return true
      case ChunkType.error:
        this.#handleError(bytes, start, end, now)
        return true
      case ChunkType.forwardTsn:
        return block === undefined ? this.#drop() : this.#handleForwardTsn(block, bytes, start, end)
      case ChunkType.reConfig: {
        const parameters = readReConfigChunk(bytes, start, end)
        if (parameters === undefined) {
          counters.droppedMalformed++
        } else {
          block?.streamReset.handle(parameters, now)
        }
        return true
      }
      case ChunkType.pad:
        return true
      default:
        return this.#handleUnrecognized(bytes, start, end)
    }
  }

  #drop(): boolean {
    this.#context.counters.droppedUnexpected++
    return true
  }

  #handleData(block: TransmissionControlBlock, bytes: Uint8Array, start: number, end: number): boolean {
    const { state } = this.#context
    if (state.name === 'shutdown-received' || state.name === 'shutdown-ack-sent') {
      // The peer had said that it has no more (section 9.2).
      return this.#drop()
    }
    const outcome = block.receiver.handleData(bytes, start, end)
    if (state.name === 'shutdown-sent') {
      // Section 9.2: answered at once, so that the peer, which is alive, comes to its end.
      state.timer.transmissions = 0
      block.receiver.requestSack()
      state.timer.due = true
    }
    switch (outcome) {
      case 'accepted':
      case 'dropped':
        return true
      case 'invalid-stream': {
        const info = bytes.slice(start + 8, start + 12).fill(0, 2)
        this.#context.outbox.add(encodeErrorChunk({ code: CauseCode.invalidStreamIdentifier, info }))
        return true
      }
      case 'no-user-data':
        this.#context.abort(
          { code: CauseCode.noUserData, info: bytes.slice(start + 4, start + 8) },
          { kind: 'protocol-violation', explanation: 'DATA without user data' }
        )
        return false
      case 'message-too-large':
        this.#context.abortForViolation(CauseCode.protocolViolation, 'message over the maximum size')
        return false
    }
  }

  #handleSack(
    block: TransmissionControlBlock,
    bytes: Uint8Array,
    start: number,
    end: number,
    now: number
  ): boolean {
    if (!this.#sack.read(bytes, start, end)) {
      this.#context.counters.droppedMalformed++
    } else if (!block.sender.handleSack(this.#sack, now)) {
      this.#context.counters.invalidSacks++
    }
    return true
  }

  #handleShutdown(
    block: TransmissionControlBlock,
    bytes: Uint8Array,
    start: number,
    end: number,
    now: number
  ): boolean {
    if (end - start < SHUTDOWN_LENGTH) {
      this.#context.counters.droppedMalformed++
      return true
    }
    this.#sack.setCumulative(readUint32(bytes, start + 4), block.sender.peerWindow)
    if (!block.sender.handleSack(this.#sack, now)) {
      this.#context.counters.invalidSacks++
      return true
    }
    this.#shutdown.handleShutdown(now)
    return true
  }

  #handleForwardTsn(block: TransmissionControlBlock, bytes: Uint8Array, start: number, end: number): boolean {
    const chunk = readForwardTsnChunk(bytes, start, end)
    if (chunk === undefined) {
      this.#context.counters.droppedMalformed++
      return true
    }
    if (!block.receiver.handleForwardTsn(chunk)) {
      this.#context.abortForViolation(CauseCode.protocolViolation, 'message over the maximum size')
      return false
    }
    return true
  }

  #handleAbort(bytes: Uint8Array, start: number, end: number): void {
    this.#context.close({ kind: 'aborted-by-peer', causes: readErrorCauses(bytes, start, end) })
  }

  #handleHeartbeat(bytes: Uint8Array, start: number, end: number): void {
    const { options, outbox, counters, block } = this.#context
    // Larger ones probe a path MTU, but by their PAD chunk: what is to be echoed is short (RFC 8899 section 6.2).
    if (block === undefined || end - start > options.basePacketSize / 2) {
      counters.droppedUnexpected++
      return
    }
    outbox.add(encodeChunk(ChunkType.heartbeatAck, 0, bytes.subarray(start + 4, end)))
  }

  #handleError(bytes: Uint8Array, start: number, end: number, now: number): void {
    for (const { code } of readErrorCauses(bytes, start, end)) {
      if (code === CauseCode.staleCookie) {
        this.#handshake.handleStaleCookie(now)
      }
    }
  }

  #handleUnrecognized(bytes: Uint8Array, start: number, end: number): boolean {
    const { skip, report } = unrecognizedAction(bytes[start] >>> 6)
    this.#context.counters.droppedUnexpected++
    if (report && readUint16(bytes, start + 2) <= MAX_REPORTED_BYTES) {
      const info = bytes.slice(start, end)
      this.#context.outbox.add(encodeErrorChunk({ code: CauseCode.unrecognizedChunkType, info }))
    }
    return skip
  }
}
