import { newCounters, type SctpCounters } from '../counters.ts'
import type { CloseReason } from '../events.ts'
import type { SctpOptions } from '../options.ts'
import { COMMON_HEADER_LENGTH } from '../packet/common-header.ts'
import { encodeAbortChunk, type ErrorCause } from '../packet/error-cause.ts'
import type { RetransmissionTimeout } from '../tx/rto.ts'
import { SendQueue } from '../tx/send-queue.ts'
import { ControlOutbox } from './control-outbox.ts'
import { EventQueue } from './event-queue.ts'
import { TRANSITIONS, type AssociationState } from './state.ts'
import type { AgreedParameters, Authenticate } from './state-cookie.ts'
import { TransmissionControlBlock } from './transmission-control-block.ts'

const encoder = new TextEncoder()

/** What the procedures of an association share. */
export class AssociationContext {
  readonly options: SctpOptions
  readonly random: () => number
  readonly authenticate: Authenticate
  readonly counters: SctpCounters = newCounters()
  readonly events = new EventQueue()
  readonly outbox: ControlOutbox
  readonly queue: SendQueue
  #state: AssociationState = { name: 'closed' }

  constructor(options: SctpOptions, random: () => number, authenticate: Authenticate) {
    this.options = options
    this.random = random
    this.authenticate = authenticate
    this.outbox = new ControlOutbox(this.counters, options.basePacketSize - COMMON_HEADER_LENGTH)
    this.queue = new SendQueue({
      bufferedAmountLow: (streamId) => {
        this.events.push({ type: 'buffered-amount-low', streamId })
      },
      messageExpired: () => {
        this.counters.messagesAbandoned++
      }
    })
  }

  get state(): AssociationState {
    return this.#state
  }

  /** The transmission control block, in the states that have one. */
  get block(): TransmissionControlBlock | undefined {
    return 'block' in this.#state ? this.#state.block : undefined
  }

  /** The only way from state to state. */
  transition(next: AssociationState): void {
    const from = this.#state.name
    if (!TRANSITIONS[from].includes(next.name)) {
      throw new RangeError(`No transition from ${from} to ${next.name}`)
    }
    this.#state = next
    if (from !== next.name) {
      this.events.push({ type: 'state-change', from, to: next.name })
    }
  }

  /** A non-zero number that cannot be foreseen: a verification tag. */
  newTag(): number {
    return this.random() >>> 0 || 1
  }

  /** What waits for streams that the peer does not have is dropped, before anything of it can be sent. */
  newBlock(agreed: AgreedParameters, rto: RetransmissionTimeout, now: number): TransmissionControlBlock {
    this.queue.removeStreamsFrom(agreed.outboundStreams)
    const { options, counters, queue, events, random } = this
    return new TransmissionControlBlock({ agreed, options, counters, queue, events, rto, random, now })
  }

  /** Into state ESTABLISHED, from wherever the handshake was. */
  establish(block: TransmissionControlBlock, now: number): void {
    this.transition({ name: 'established', block })
    block.pathMtu.start(now)
    const { outboundStreams, inboundStreams } = block.agreed
    this.events.push({ type: 'connected', outboundStreams, inboundStreams })
  }

  /** Tells the peer that it is over, and why. */
  abort(cause: ErrorCause, reason: CloseReason): void {
    const { block } = this
    if (block !== undefined) {
      this.outbox.reply(block.agreed.peerTag, encodeAbortChunk(0, cause))
    }
    this.close(reason)
  }

  abortForViolation(code: number, explanation: string): void {
    this.abort({ code, info: encoder.encode(explanation) }, { kind: 'protocol-violation', explanation })
  }

  close(reason: CloseReason): void {
    this.transition({ name: 'closed', ended: reason })
    this.queue.clear()
    this.outbox.clearChunks()
    this.events.push({ type: 'closed', reason })
  }
}
