import { writeUint32 } from '../packet/bytes.ts'
import { CHUNK_HEADER_LENGTH, ChunkType, encodeChunk, writeChunkHeader } from '../packet/chunk.ts'
import { COMMON_HEADER_LENGTH, writeCommonHeader, type CommonHeader } from '../packet/common-header.ts'
import { SACK_HEADER_LENGTH } from '../packet/sack-chunk.ts'
import type { AssociationContext } from './association-context.ts'
import { noteSent } from './chunk-timer.ts'
import type { Handshake } from './handshake.ts'
import type { AssociationState } from './state.ts'
import type { TransmissionControlBlock } from './transmission-control-block.ts'

const SHUTDOWN_LENGTH = 8

/** Puts packets together: what is due, in the order that RFC 9260 section 6.10 asks for, control before data. */
export class PacketWriter {
  readonly #context: AssociationContext
  readonly #handshake: Handshake
  readonly #header: CommonHeader

  constructor(context: AssociationContext, handshake: Handshake) {
    this.#context = context
    this.#handshake = handshake
    this.#header = {
      sourcePort: context.options.localPort,
      destinationPort: context.options.remotePort,
      verificationTag: 0
    }
  }

  /** Writes the next packet; gives its length, 0 where there is nothing to send. */
  write(out: Uint8Array, now: number): number {
    const reply = this.#context.outbox.takeReply()
    if (reply !== undefined) {
      out.set(reply.chunk, COMMON_HEADER_LENGTH)
      return this.#finish(out, COMMON_HEADER_LENGTH + reply.chunk.length, reply.verificationTag, false)
    }
    const { state } = this.#context
    switch (state.name) {
      case 'closed':
        return 0
      case 'cookie-wait':
        return this.#writeInit(out, state, now)
      case 'cookie-echoed':
        return this.#writeCookieEcho(out, state, now)
      case 'established':
      case 'shutdown-pending':
      case 'shutdown-received':
      case 'shutdown-sent':
      case 'shutdown-ack-sent':
        return this.#writeProbe(out, state.block, now) || this.#writeBundle(out, state, now)
    }
  }

  #writeInit(out: Uint8Array, state: AssociationState & { name: 'cookie-wait' }, now: number): number {
    if (!state.timer.due) {
      return 0
    }
    this.#handshake.onSent(state.timer, now)
    const init = this.#handshake.encodeInit()
    out.set(init, COMMON_HEADER_LENGTH)
    return this.#finish(out, COMMON_HEADER_LENGTH + init.length, 0, false)
  }

  /** COOKIE ECHO comes first, and until it is acknowledged in every packet (section 5.1). */
  #writeCookieEcho(
    out: Uint8Array,
    state: AssociationState & { name: 'cookie-echoed' },
    now: number
  ): number {
    if (!state.timer.due) {
      return 0
    }
    this.#handshake.onSent(state.timer, now)
    const { block, cookieEcho } = state
    out.set(cookieEcho, COMMON_HEADER_LENGTH)
    const end = (COMMON_HEADER_LENGTH + cookieEcho.length + 3) & ~3
    out.fill(0, COMMON_HEADER_LENGTH + cookieEcho.length, end)
    const length = block.sender.write(out, end, block.pathMtu.packetSize, now)
    // RFC 9653 section 5.2: never a zero checksum with COOKIE ECHO.
    return this.#finish(out, length, block.agreed.peerTag, false)
  }

  /** A HEARTBEAT padded to the size in question (RFC 8899 section 4.1, RFC 4820). */
  #writeProbe(out: Uint8Array, block: TransmissionControlBlock, now: number): number {
    if (!block.pathMtu.isProbeDue) {
      return 0
    }
    const size = block.pathMtu.takeProbe(now)
    const heartbeat = block.heartbeat.encodeProbe(size, now)
    out.set(heartbeat, COMMON_HEADER_LENGTH)
    const start = COMMON_HEADER_LENGTH + heartbeat.length
    out.fill(0, start, size)
    writeChunkHeader(out, start, ChunkType.pad, 0, size - start)
    return this.#finish(out, size, block.agreed.peerTag, block.agreed.zeroChecksum)
  }

  #writeBundle(
    out: Uint8Array,
    state: Extract<AssociationState, { block: TransmissionControlBlock }>,
    now: number
  ): number {
    const { block } = state
    const limit = block.pathMtu.packetSize
    const hasData = this.#mayHaveData(state) && block.sender.hasSomethingToSend(now)
    let position = this.#writeControl(out, block, limit, now)
    if (block.receiver.isSackDue || (hasData && block.receiver.hasUnacknowledged)) {
      if (position + SACK_HEADER_LENGTH <= limit) {
        position = block.receiver.writeSack(out, position, limit)
      }
    }
    if ((state.name === 'shutdown-sent' || state.name === 'shutdown-ack-sent') && state.timer.due) {
      position = this.#writeShutdown(out, state, position, limit, now)
    }
    if (hasData) {
      position = block.sender.write(out, position, limit, now)
    }
    if (position === COMMON_HEADER_LENGTH) {
      return 0
    }
    return this.#finish(out, position, block.agreed.peerTag, block.agreed.zeroChecksum)
  }

  #writeControl(out: Uint8Array, block: TransmissionControlBlock, limit: number, now: number): number {
    const { outbox } = this.#context
    if (block.heartbeat.isDue) {
      outbox.add(block.heartbeat.encode(now))
    }
    const reConfig = block.streamReset.takeChunk(now)
    if (reConfig !== undefined) {
      outbox.add(reConfig)
    }
    return outbox.hasChunks ? outbox.write(out, COMMON_HEADER_LENGTH, limit) : COMMON_HEADER_LENGTH
  }

  #writeShutdown(
    out: Uint8Array,
    state: Extract<AssociationState, { name: 'shutdown-sent' | 'shutdown-ack-sent' }>,
    position: number,
    limit: number,
    now: number
  ): number {
    const length = state.name === 'shutdown-sent' ? SHUTDOWN_LENGTH : CHUNK_HEADER_LENGTH
    if (position + length > limit) {
      return position
    }
    noteSent(state.timer, state.block.rto.value, now)
    if (state.name === 'shutdown-sent') {
      writeChunkHeader(out, position, ChunkType.shutdown, 0, length)
      writeUint32(out, position + CHUNK_HEADER_LENGTH, state.block.receiver.cumulativeTsn)
    } else {
      out.set(encodeChunk(ChunkType.shutdownAck, 0, new Uint8Array(0)), position)
    }
    return position + length
  }

  #mayHaveData(state: AssociationState): boolean {
    return (
      state.name === 'established' || state.name === 'shutdown-pending' || state.name === 'shutdown-received'
    )
  }

  #finish(out: Uint8Array, length: number, verificationTag: number, zeroChecksum: boolean): number {
    this.#header.verificationTag = verificationTag
    writeCommonHeader(out, length, this.#header, zeroChecksum)
    this.#context.counters.packetsSent++
    this.#context.counters.bytesSent += length
    return length
  }
}
