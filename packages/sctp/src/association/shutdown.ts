import { ChunkType, encodeChunk, TAG_REFLECTED } from '../packet/chunk.ts'
import type { AssociationContext } from './association-context.ts'
import { newChunkTimer, repeatChunk } from './chunk-timer.ts'

const NOTHING = new Uint8Array(0)

/** Graceful end (RFC 9260 section 9.2): everything queued is delivered first. */
export class Shutdown {
  readonly #context: AssociationContext

  constructor(context: AssociationContext) {
    this.#context = context
  }

  start(): void {
    const { state } = this.#context
    switch (state.name) {
      case 'established':
        this.#context.transition({ name: 'shutdown-pending', block: state.block })
        break
      case 'cookie-wait':
      case 'cookie-echoed':
        this.#context.close({ kind: 'shutdown' })
        break
      case 'closed':
        if (state.ended === undefined) {
          this.#context.close({ kind: 'shutdown' })
        }
        break
      case 'shutdown-pending':
      case 'shutdown-received':
      case 'shutdown-sent':
      case 'shutdown-ack-sent':
    }
  }

  /** Goes on where everything queued is acknowledged now. */
  progress(now: number): void {
    const { state, queue } = this.#context
    if (state.name !== 'shutdown-pending' && state.name !== 'shutdown-received') {
      return
    }
    const { block } = state
    if (queue.peek(now) !== undefined || !block.sender.isIdle) {
      return
    }
    const name = state.name === 'shutdown-pending' ? 'shutdown-sent' : 'shutdown-ack-sent'
    this.#context.transition({ name, block, timer: newChunkTimer(now) })
  }

  /** SHUTDOWN; its cumulative TSN has been applied. */
  handleShutdown(now: number): void {
    const { state, counters } = this.#context
    switch (state.name) {
      case 'established':
      case 'shutdown-pending':
        this.#context.transition({ name: 'shutdown-received', block: state.block })
        break
      case 'shutdown-sent':
        this.#context.transition({ name: 'shutdown-ack-sent', block: state.block, timer: newChunkTimer(now) })
        break
      case 'shutdown-ack-sent':
        state.timer.due = true
        break
      case 'closed':
      case 'cookie-wait':
      case 'cookie-echoed':
      case 'shutdown-received':
        counters.droppedUnexpected++
    }
  }

  handleShutdownAck(): void {
    const { state, outbox, counters } = this.#context
    if (state.name === 'shutdown-sent' || state.name === 'shutdown-ack-sent') {
      outbox.reply(state.block.agreed.peerTag, encodeChunk(ChunkType.shutdownComplete, 0, NOTHING))
      this.#context.close({ kind: 'shutdown' })
    } else {
      counters.droppedUnexpected++
    }
  }

  /** SHUTDOWN ACK for an association that is not there any more (section 8.5.1, rule E). */
  replyOutOfTheBlue(verificationTag: number): void {
    const chunk = encodeChunk(ChunkType.shutdownComplete, TAG_REFLECTED, NOTHING)
    this.#context.outbox.reply(verificationTag, chunk)
  }

  handleShutdownComplete(): void {
    if (this.#context.state.name === 'shutdown-ack-sent') {
      this.#context.close({ kind: 'shutdown' })
    } else {
      this.#context.counters.droppedUnexpected++
    }
  }

  /** T2-shutdown. */
  handleTimeout(now: number): void {
    const { state, options } = this.#context
    if (
      (state.name !== 'shutdown-sent' && state.name !== 'shutdown-ack-sent') ||
      state.timer.expiresAt > now
    ) {
      return
    }
    if (state.timer.transmissions > options.associationMaxRetransmits) {
      this.#context.close({ kind: 'timeout', during: 'shutdown' })
      return
    }
    state.block.rto.backOff()
    repeatChunk(state.timer)
  }
}
