import type { ResolvedChannelOptions } from './channel-options.ts'
import { CreditLedger } from './credit-ledger.ts'
import { decodeChannelFrame, laneOf, type BeginFrame, type ContinueFrame, type Lane } from './frame.ts'
import { Reassembler, type IncomingMessage } from './reassembler.ts'
import type { ReceiveBudget } from './receive-budget.ts'

export interface ReceiverListener {
  deliver(message: IncomingMessage): void
  cancel(id: number): void
  credit(limit: number, maxMessageSize: number): void
  /** The peer broke the protocol: the session ends. */
  violation(problem: string): void
  /** Messages that wait for the application. */
  unreadMessages(): number
  /** Whether a request waits for this reply. */
  isAwaited(id: number): boolean
  /** A request was larger than allowed. */
  refuse(id: number): void
  /** `creditUpdate()` may have something to say, although nothing came and nothing was taken. */
  onRoom(): void
}

/** The receiving half of a channel (sans-IO): frames in, whole messages out, within the credit granted. */
export class ChannelReceiver {
  messagesReceived = 0
  bytesReceived = 0
  messagesDropped = 0
  readonly #options: ResolvedChannelOptions
  readonly #listener: ReceiverListener
  readonly #ledger: CreditLedger
  readonly #lanes: Record<Lane, Reassembler>
  #framesReceived = 0
  #framesAnnounced: number | undefined

  /** @param budget shared by all channels of a session */
  constructor(options: ResolvedChannelOptions, listener: ReceiverListener, budget: ReceiveBudget) {
    this.#options = options
    this.#listener = listener
    this.#ledger = new CreditLedger(options.receiveWindowBytes, budget, () => listener.onRoom())
    this.#lanes = {
      messages: new Reassembler(options.maxMessageSize),
      replies: new Reassembler(options.maxMessageSize)
    }
  }

  /** Whether the peer has said `fin` and every frame that it counted is here. */
  get hasReceivedAll(): boolean {
    return this.#framesAnnounced !== undefined && this.#framesReceived >= this.#framesAnnounced
  }

  handleInput(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length
    const frame = decodeChannelFrame(bytes)
    if (frame === undefined) {
      this.#listener.violation('a malformed frame')
      return
    }
    switch (frame.type) {
      case 'begin':
      case 'continue':
        this.#receiveData(frame, bytes.length)
        return
      case 'cancel':
        this.#listener.cancel(frame.id)
        return
      case 'abandon':
        this.#lanes[frame.lane].reset()
        return
      case 'credit':
        this.#listener.credit(frame.limit, frame.maxMessageSize)
        return
      case 'fin':
        this.#framesAnnounced = frame.frames
        return
    }
  }

  /** A whole message waits for the application. */
  hold(cost: number): void {
    this.#ledger.hold(cost)
  }

  /** The application took it. */
  release(cost: number): void {
    this.#ledger.release(cost)
  }

  initialCredit(): number {
    return this.#ledger.initial()
  }

  /** @returns the credit limit to tell the peer now, if it is worth a frame */
  creditUpdate(): number | undefined {
    return this.#options.reliable ? this.#ledger.update(this.#lanes.messages.bufferedCost) : undefined
  }

  /** Nothing comes any more. */
  close(): void {
    this.#ledger.close()
    for (const lane of Object.values(this.#lanes)) lane.reset()
  }

  #receiveData(frame: BeginFrame | ContinueFrame, frameBytes: number): void {
    this.#framesReceived++
    const lane = frame.type === 'begin' ? laneOf(frame.header) : frame.lane
    if (!this.#options.splits && (frame.type === 'continue' || !frame.end)) {
      this.#listener.violation('a split message on a channel that does not split')
      return
    }
    if (this.#options.reliable && lane === 'messages' && !this.#ledger.receive(frameBytes)) {
      this.#listener.violation('more than the credit granted')
      return
    }
    if (frame.type === 'begin' && frame.end && frame.body.length > this.#options.maxMessageSize) {
      // The peer may not know our limit yet, so one frame too large is no violation.
      this.messagesDropped++
      if (frame.header.kind === 'request') this.#listener.refuse(frame.header.id)
      return
    }
    const result = this.#lanes[lane].push(frame, this.#isWanted(frame))
    switch (result.outcome) {
      case 'complete':
        this.#complete(result.message)
        return
      case 'partial':
      case 'discarded':
        return
      case 'violation':
        this.#listener.violation(result.problem)
        return
    }
  }

  /** Replies cost no credit: those that nobody asked for must not cost memory either. */
  #isWanted(frame: BeginFrame | ContinueFrame): boolean {
    if (frame.type === 'continue') return true
    const { header } = frame
    return header.kind === 'response' || header.kind === 'error' ? this.#listener.isAwaited(header.id) : true
  }

  #complete(message: IncomingMessage): void {
    const { kind } = message.header
    this.messagesReceived++
    const isTyped = kind === 'request' || kind === 'notify'
    if (
      !this.#options.reliable &&
      isTyped &&
      this.#listener.unreadMessages() >= this.#options.receiveQueueLength
    ) {
      this.messagesDropped++
      return
    }
    this.#listener.deliver(message)
  }
}
