import { concat } from 'uint8arrays/concat'
import type { BeginFrame, ContinueFrame, MessageHeader } from './frame.ts'

/** A whole message as it came. */
export interface IncomingMessage {
  readonly header: MessageHeader
  readonly empty: boolean
  readonly body: Uint8Array
}

export type ReassemblyResult =
  | { readonly outcome: 'complete'; readonly message: IncomingMessage }
  | { readonly outcome: 'partial' }
  | { readonly outcome: 'violation'; readonly problem: string }

interface PartialMessage {
  readonly header: MessageHeader
  readonly empty: boolean
  readonly total: number
  readonly chunks: Uint8Array[]
}

/** Joins the fragments of one lane (sans-IO). Holds one message at most, of `maxMessageSize` bytes at most. */
export class Reassembler {
  readonly #maxMessageSize: number
  #partial: PartialMessage | undefined
  #bufferedBytes = 0

  constructor(maxMessageSize: number) {
    this.#maxMessageSize = maxMessageSize
  }

  /** Bytes of the unfinished message. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  push(frame: BeginFrame | ContinueFrame): ReassemblyResult {
    return frame.type === 'begin' ? this.#begin(frame) : this.#continue(frame)
  }

  /** Forgets the unfinished message. */
  reset(): void {
    this.#partial = undefined
    this.#bufferedBytes = 0
  }

  #begin(frame: BeginFrame): ReassemblyResult {
    if (this.#partial !== undefined) return violation('a message began inside another')
    if (frame.total > this.#maxMessageSize)
      return violation(`a message of ${frame.total} bytes is over the limit`)
    const { header, empty, body } = frame
    if (frame.end) return { outcome: 'complete', message: { header, empty, body } }
    if (body.length >= frame.total)
      return violation('a fragment reached the end of its message without saying so')
    this.#partial = { header, empty, total: frame.total, chunks: [body] }
    this.#bufferedBytes = body.length
    return { outcome: 'partial' }
  }

  #continue(frame: ContinueFrame): ReassemblyResult {
    const partial = this.#partial
    if (partial === undefined) return violation('a fragment without a beginning')
    this.#bufferedBytes += frame.body.length
    if (this.#bufferedBytes > partial.total || frame.end !== (this.#bufferedBytes === partial.total)) {
      return violation('the fragments do not add up to the length announced')
    }
    // Empty fragments would cost memory without ever reaching an end.
    if (frame.body.length === 0) return violation('an empty fragment')
    partial.chunks.push(frame.body)
    if (!frame.end) return { outcome: 'partial' }
    const body = concat(partial.chunks, partial.total)
    this.reset()
    return { outcome: 'complete', message: { header: partial.header, empty: partial.empty, body } }
  }
}

function violation(problem: string): ReassemblyResult {
  return { outcome: 'violation', problem }
}
