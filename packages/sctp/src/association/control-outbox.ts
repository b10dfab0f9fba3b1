import type { SctpCounters } from '../counters.ts'

/** A packet of its own for one chunk, with a verification tag of its own. */
export interface Reply {
  verificationTag: number
  chunk: Uint8Array
}

/** Replies that wait at most: a peer that floods gets no more than it takes from us in one go. */
const MAX_REPLIES = 8
/** Control chunks that wait at most, and their bytes together. */
const MAX_CHUNKS = 16
const MAX_CHUNK_BYTES = 8192

/** Control chunks on their way out. Bounded: what the network asks for beyond is dropped and counted. */
export class ControlOutbox {
  readonly #counters: SctpCounters
  readonly #maxLength: number
  readonly #replies: Reply[] = []
  readonly #chunks: Uint8Array[] = []
  #chunkBytes = 0

  /** @param maxLength bytes of a chunk, with its padding, for which every packet has room */
  constructor(counters: SctpCounters, maxLength: number) {
    this.#counters = counters
    this.#maxLength = maxLength
  }

  get hasChunks(): boolean {
    return this.#chunks.length > 0
  }

  /** Whether a reply would be sent at all: asked before work is done for it. */
  hasRoomForReply(): boolean {
    if (this.#replies.length < MAX_REPLIES) {
      return true
    }
    this.#counters.droppedReplies++
    return false
  }

  reply(verificationTag: number, chunk: Uint8Array): void {
    if (chunk.length > this.#maxLength) {
      this.#counters.droppedReplies++
    } else if (this.hasRoomForReply()) {
      this.#replies.push({ verificationTag, chunk })
    }
  }

  takeReply(): Reply | undefined {
    return this.#replies.shift()
  }

  /** Queues a chunk to be bundled into the next packet. */
  add(chunk: Uint8Array): void {
    const isFull = this.#chunks.length >= MAX_CHUNKS || this.#chunkBytes + chunk.length > MAX_CHUNK_BYTES
    if (isFull || chunk.length > this.#maxLength) {
      this.#counters.droppedReplies++
      return
    }
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
  }

  /** Writes the chunks that fit into `bytes[offset, limit)`; gives the offset behind them. */
  write(bytes: Uint8Array, offset: number, limit: number): number {
    let position = offset
    let written = 0
    for (const chunk of this.#chunks) {
      if (position + chunk.length > limit) {
        break
      }
      bytes.set(chunk, position)
      position += chunk.length
      this.#chunkBytes -= chunk.length
      written++
    }
    this.#chunks.splice(0, written)
    return position
  }

  clearChunks(): void {
    this.#chunks.length = 0
    this.#chunkBytes = 0
  }
}
