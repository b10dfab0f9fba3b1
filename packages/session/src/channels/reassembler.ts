import { concat } from 'uint8arrays/concat'
import { FRAME_COST_BYTES } from '../constants.ts'
import type { BeginFrame, ContinueFrame, MessageHeader } from './frame.ts'

/** A whole message as it came. */
export interface IncomingMessage {
  readonly header: MessageHeader
  readonly empty: boolean
  readonly body: Uint8Array
}

export type ReassemblyResult =
  | { readonly outcome: 'complete'; readonly message: IncomingMessage }
  /** More of it is to come; or that was all of what nobody wants. */
  | { readonly outcome: 'partial' | 'discarded' }
  | { readonly outcome: 'violation'; readonly problem: string }

interface PartialMessage {
  readonly header: MessageHeader
  readonly empty: boolean
  readonly total: number
  /** Absent where nobody wants it: it is followed to its end, and not kept. */
  readonly chunks: Uint8Array[] | undefined
}

/** Joins the fragments of one lane (sans-IO). Holds one message at most, of `maxMessageSize` bytes at most. */
export class Reassembler {
  readonly #maxMessageSize: number
  #partial: PartialMessage | undefined
  #receivedBytes = 0

  constructor(maxMessageSize: number) {
    this.#maxMessageSize = maxMessageSize
  }

  /** What is kept of the unfinished message, with what each of its fragments costs. */
  get bufferedCost(): number {
    const fragments = this.#partial?.chunks?.length ?? 0
    return fragments === 0 ? 0 : this.#receivedBytes + fragments * FRAME_COST_BYTES
  }

  /** @param isWanted whether to keep the message that the frame begins */
  push(frame: BeginFrame | ContinueFrame, isWanted = true): ReassemblyResult {
    return frame.type === 'begin' ? this.#begin(frame, isWanted) : this.#continue(frame)
  }

  /** Forgets the unfinished message. */
  reset(): void {
    this.#partial = undefined
    this.#receivedBytes = 0
  }

  #begin(frame: BeginFrame, isWanted: boolean): ReassemblyResult {
    if (this.#partial !== undefined) return violation('a message began inside another')
    if (frame.total > this.#maxMessageSize)
      return violation(`a message of ${frame.total} bytes is over the limit`)
    const { header, empty, body } = frame
    if (frame.end) {
      return isWanted ? { outcome: 'complete', message: { header, empty, body } } : { outcome: 'discarded' }
    }
    if (body.length >= frame.total)
      return violation('a fragment reached the end of its message without saying so')
    this.#partial = { header, empty, total: frame.total, chunks: isWanted ? [body] : undefined }
    this.#receivedBytes = body.length
    return { outcome: 'partial' }
  }

  #continue(frame: ContinueFrame): ReassemblyResult {
    const partial = this.#partial
    if (partial === undefined) return violation('a fragment without a beginning')
    this.#receivedBytes += frame.body.length
    if (this.#receivedBytes > partial.total || frame.end !== (this.#receivedBytes === partial.total)) {
      return violation('the fragments do not add up to the length announced')
    }
    // Empty fragments would cost memory without ever reaching an end.
    if (frame.body.length === 0) return violation('an empty fragment')
    partial.chunks?.push(frame.body)
    if (!frame.end) return { outcome: 'partial' }
    this.reset()
    if (partial.chunks === undefined) return { outcome: 'discarded' }
    const body = concat(partial.chunks, partial.total)
    return { outcome: 'complete', message: { header: partial.header, empty: partial.empty, body } }
  }
}

function violation(problem: string): ReassemblyResult {
  return { outcome: 'violation', problem }
}
