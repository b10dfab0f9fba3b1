import type { SctpEvent } from '../events.ts'
import { encodeReConfigChunk, ReConfigResult, type ReConfigParameter } from '../packet/re-config-chunk.ts'
import { tsnIsAfter } from '../serial.ts'
import type { DataReceiver } from '../rx/data-receiver.ts'
import type { DataSender } from '../tx/data-sender.ts'
import type { RetransmissionTimeout } from '../tx/rto.ts'
import type { SendQueue } from '../tx/send-queue.ts'

/** Streams reset by one request at most, so that it fits any packet. */
const MAX_STREAMS = 200
/** Resets that the application has not polled at most; more are left unanswered, so that the peer asks again. */
const MAX_UNPOLLED = 64

type OutgoingReset = Extract<ReConfigParameter, { kind: 'outgoing-reset' }>

interface Request {
  sequence: number
  streamIds: number[]
  lastAssignedTsn: number
  transmissions: number
  expiresAt: number
  due: boolean
  /** The peer said that it is waiting for data: the next attempt has a new sequence number. */
  inProgress: boolean
}

/**
 * Stream reset (RFC 6525), as RFC 8831 section 6.7 uses it to close data channels: our outgoing streams once their
 * queues are empty, the peer's when it asks.
 */
export class StreamReset {
  readonly #queue: SendQueue
  readonly #sender: DataSender
  readonly #receiver: DataReceiver
  readonly #rto: RetransmissionTimeout
  readonly #emit: (event: SctpEvent) => void
  readonly #unpolled: () => number
  readonly #supported: boolean
  #nextSequence: number
  #request: Request | undefined
  /** Request of the peer's that we answer by resetting streams of ours (RFC 6525 section 5.2.3). */
  #answering: number

  /** The peer's next request. */
  #expectedSequence: number
  #latestResult: number = ReConfigResult.nothingToDo
  #deferred: OutgoingReset | undefined
  /** The latest reset that was deferred and then performed: asked for again, it is not one more. */
  #performedLater: OutgoingReset | undefined
  readonly #responses: { responseSequence: number; result: number }[] = []

  constructor(init: {
    queue: SendQueue
    sender: DataSender
    receiver: DataReceiver
    rto: RetransmissionTimeout
    emit: (event: SctpEvent) => void
    unpolledEvents: () => number
    localInitialTsn: number
    peerInitialTsn: number
    supported: boolean
  }) {
    this.#queue = init.queue
    this.#sender = init.sender
    this.#receiver = init.receiver
    this.#rto = init.rto
    this.#emit = init.emit
    this.#unpolled = init.unpolledEvents
    this.#supported = init.supported
    this.#nextSequence = init.localInitialTsn
    this.#expectedSequence = init.peerInitialTsn
    this.#answering = (init.peerInitialTsn - 1) >>> 0
  }

  /** Requests without an answer (RFC 6525 section 5.1.1). */
  get errorCount(): number {
    return (this.#request?.transmissions ?? 1) - 1
  }

  pollTimeout(): number {
    return this.#request?.expiresAt ?? Infinity
  }

  handleTimeout(now: number): void {
    const request = this.#request
    if (request !== undefined && request.expiresAt <= now) {
      this.#rto.backOff()
      request.due = true
      request.expiresAt = Infinity
      if (request.inProgress) {
        request.inProgress = false
        request.sequence = this.#takeSequence()
        request.transmissions = 0
      }
    }
  }

  /** The RE-CONFIG to send now, if any. */
  takeChunk(now: number): Uint8Array | undefined {
    this.#prepareRequest()
    const parameters: Exclude<ReConfigParameter, { kind: 'unsupported' }>[] = []
    const request = this.#request
    if (request?.due === true) {
      request.due = false
      request.transmissions++
      request.expiresAt = now + this.#rto.value
      parameters.push({
        kind: 'outgoing-reset',
        requestSequence: request.sequence,
        responseSequence: this.#answering,
        lastAssignedTsn: request.lastAssignedTsn,
        streamIds: request.streamIds
      })
    }
    const response = this.#responses.shift()
    if (response !== undefined) {
      parameters.push({ kind: 'response', ...response })
    }
    return parameters.length === 0 ? undefined : encodeReConfigChunk(parameters)
  }

  handle(parameters: readonly ReConfigParameter[], now: number): void {
    for (const parameter of parameters) {
      if (parameter.kind === 'response') {
        this.#handleResponse(parameter.responseSequence, parameter.result, now)
      } else {
        this.#handleRequest(parameter)
      }
    }
  }

  /** The receiver has performed a reset that had to wait for data. */
  onDeferredReset(streamIds: readonly number[]): void {
    this.#emit({ type: 'incoming-streams-reset', streamIds: [...streamIds] })
    if (this.#deferred !== undefined) {
      this.#performedLater = this.#deferred
      this.#deferred = undefined
      this.#latestResult = ReConfigResult.performed
      this.#respond(this.#expectedSequence - 1, ReConfigResult.performed)
    }
  }

  #takeSequence(): number {
    const sequence = this.#nextSequence
    this.#nextSequence = (sequence + 1) >>> 0
    return sequence
  }

  #prepareRequest(): void {
    if (this.#request !== undefined || !this.#queue.hasDraining) {
      return
    }
    const streamIds = this.#queue.takeDrained(MAX_STREAMS)
    if (streamIds.length === 0) {
      return
    }
    if (!this.#supported) {
      this.#queue.cancelReset(streamIds)
      this.#emit({ type: 'outgoing-streams-reset-failed', streamIds })
      return
    }
    this.#request = {
      sequence: this.#takeSequence(),
      streamIds,
      lastAssignedTsn: this.#sender.lastAssignedTsn,
      transmissions: 0,
      expiresAt: Infinity,
      due: true,
      inProgress: false
    }
  }

  #handleResponse(sequence: number, result: number, now: number): void {
    const request = this.#request
    if (request?.sequence !== sequence) {
      return
    }
    switch (result) {
      case ReConfigResult.nothingToDo:
      case ReConfigResult.performed:
        this.#request = undefined
        this.#queue.finishReset(request.streamIds)
        this.#emit({ type: 'outgoing-streams-reset', streamIds: request.streamIds })
        break
      case ReConfigResult.inProgress:
      case ReConfigResult.requestInProgress:
        request.inProgress = true
        request.due = false
        request.expiresAt = now + this.#rto.value
        break
      default:
        this.#request = undefined
        this.#queue.cancelReset(request.streamIds)
        this.#emit({ type: 'outgoing-streams-reset-failed', streamIds: request.streamIds })
    }
  }

  #handleRequest(request: Exclude<ReConfigParameter, { kind: 'response' }>): void {
    const { requestSequence } = request
    if (requestSequence === (this.#expectedSequence - 1) >>> 0) {
      // Our answer was lost (RFC 6525 section 5.2.1).
      this.#respond(requestSequence, this.#latestResult)
      return
    }
    if (requestSequence !== this.#expectedSequence) {
      if (tsnIsAfter(requestSequence, this.#expectedSequence)) {
        this.#respond(requestSequence, ReConfigResult.badSequenceNumber)
      }
      return
    }
    if (this.#unpolled() >= MAX_UNPOLLED) {
      return
    }
    this.#expectedSequence = (requestSequence + 1) >>> 0
    this.#deferred = undefined
    this.#latestResult = this.#perform(request)
    this.#respond(requestSequence, this.#latestResult)
  }

  #perform(request: Exclude<ReConfigParameter, { kind: 'response' }>): number {
    switch (request.kind) {
      case 'outgoing-reset':
        return this.#performOutgoing(request)
      case 'incoming-reset': {
        const ids = request.streamIds.length === 0 ? this.#queue.openStreamIds() : request.streamIds
        const known = [...new Set(ids)].filter((id) => this.#queue.find(id)?.resetState === 'open')
        if (known.length === 0) {
          return ReConfigResult.nothingToDo
        }
        this.#answering = request.requestSequence
        for (const id of known) {
          this.#queue.drain(id)
        }
        this.#emit({ type: 'outgoing-reset-requested', streamIds: known })
        return ReConfigResult.performed
      }
      case 'unsupported':
        return ReConfigResult.denied
    }
  }

  #performOutgoing(request: OutgoingReset): number {
    const repeated =
      this.#performedLater?.lastAssignedTsn === request.lastAssignedTsn &&
      String(this.#performedLater.streamIds) === String(request.streamIds)
    this.#performedLater = undefined
    if (repeated) {
      return ReConfigResult.performed
    }
    if (!this.#receiver.resetStreams(request.lastAssignedTsn, request.streamIds)) {
      this.#deferred = request
      return ReConfigResult.inProgress
    }
    this.#emit({ type: 'incoming-streams-reset', streamIds: request.streamIds })
    return ReConfigResult.performed
  }

  #respond(responseSequence: number, result: number): void {
    const sequence = responseSequence >>> 0
    const known = this.#responses.find((response) => response.responseSequence === sequence)
    if (known !== undefined) {
      known.result = result
    } else if (this.#responses.length < MAX_UNPOLLED) {
      this.#responses.push({ responseSequence: sequence, result })
    }
  }
}
