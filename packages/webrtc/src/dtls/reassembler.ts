import type { HandshakeFragment, HandshakeMessage } from './handshake-message.ts'

/** How far ahead of the next message fragments are kept; the longest flight has six messages. */
const MAX_MESSAGES_AHEAD = 8

/** Bytes set aside for messages that are not whole yet; four times what a flight of browsers takes. */
const MAX_BUFFERED_BYTES = 2 ** 15

/** Gaps in one message; at the smallest MTU in use a message has fewer pieces than this. */
const MAX_RANGES = 64

interface Range {
  start: number
  end: number
}

interface PartialMessage {
  readonly type: number
  readonly body: Uint8Array
  /** What has arrived: sorted, neither overlapping nor touching. */
  ranges: Range[]
}

/**
 * Puts handshake messages together from fragments in any order, overlapping or repeated (RFC 6347, section
 * 4.2.3), within bounds. The first bytes to arrive for a place stay.
 */
export class Reassembler {
  readonly #partials = new Map<number, PartialMessage>()
  #bufferedBytes = 0

  /**
   * @param next the `message_seq` that is due
   * @returns whether the fragment was kept, or had nothing new
   */
  add(fragment: HandshakeFragment, next: number): boolean {
    const { type, sequence, length, offset, bytes } = fragment
    if (sequence < next || sequence >= next + MAX_MESSAGES_AHEAD) return false
    let partial = this.#partials.get(sequence)
    if (partial === undefined) {
      if (this.#bufferedBytes + length > MAX_BUFFERED_BYTES) return false
      partial = { type, body: new Uint8Array(length), ranges: [] }
      this.#bufferedBytes += length
      this.#partials.set(sequence, partial)
    }
    if (partial.type !== type || partial.body.length !== length) return false
    return fill(partial, offset, bytes)
  }

  /** Takes out message `sequence` if it is whole. */
  take(sequence: number): HandshakeMessage | undefined {
    const partial = this.#partials.get(sequence)
    if (partial === undefined || !isWhole(partial)) return undefined
    this.#partials.delete(sequence)
    this.#bufferedBytes -= partial.body.length
    return { type: partial.type, sequence, body: partial.body }
  }

  clear(): void {
    this.#partials.clear()
    this.#bufferedBytes = 0
  }
}

function isWhole({ body, ranges }: PartialMessage): boolean {
  return body.length === 0 || (ranges[0]?.start === 0 && ranges[0].end === body.length)
}

function fill(partial: PartialMessage, start: number, bytes: Uint8Array): boolean {
  const end = start + bytes.length
  const merged: Range = { start, end }
  const apart: Range[] = []
  const touching: Range[] = []
  for (const range of partial.ranges) {
    if (range.end < start || range.start > end) apart.push(range)
    else touching.push(range)
  }
  if (apart.length >= MAX_RANGES) return false
  let position = start
  for (const range of touching) {
    if (range.start > position)
      partial.body.set(bytes.subarray(position - start, range.start - start), position)
    position = Math.max(position, range.end)
    merged.start = Math.min(merged.start, range.start)
    merged.end = Math.max(merged.end, range.end)
  }
  if (position < end) partial.body.set(bytes.subarray(position - start), position)
  partial.ranges = [...apart, merged].sort((a, b) => a.start - b.start)
  return true
}
