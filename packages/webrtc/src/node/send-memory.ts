/**
 * Memory for messages on their way out. Each has to be copied, because a script may change what it has sent; with
 * memory of its own for each, collecting it again costs more than all else that is done to large messages.
 */

/** Smaller pieces are had more cheaply from the heap. */
const MIN_LENGTH = 4096
/** Kept for all connections together: what a few of them have in flight. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024

/** Free pieces by their length, a power of two. */
const free = new Map<number, ArrayBuffer[]>()
const ours = new WeakSet<ArrayBufferLike>()
let keptBytes = 0

/** Memory for a message, with whatever was in it. */
export function takeMemory(length: number): Uint8Array {
  if (length < MIN_LENGTH) return new Uint8Array(length)
  const capacity = 2 ** Math.ceil(Math.log2(length))
  let memory = free.get(capacity)?.pop()
  if (memory === undefined) {
    memory = new ArrayBuffer(capacity)
    ours.add(memory)
  } else {
    keptBytes -= capacity
  }
  return new Uint8Array(memory, 0, length)
}

/** Nobody refers to a message any more: if its memory came from here, it is used again. */
export function giveMemoryBack({ buffer }: Uint8Array): void {
  const { byteLength } = buffer
  if (byteLength < MIN_LENGTH || keptBytes + byteLength > MAX_KEPT_BYTES || !ours.has(buffer)) return
  keptBytes += byteLength
  const pieces = free.get(byteLength)
  if (pieces === undefined) free.set(byteLength, [buffer as ArrayBuffer])
  else pieces.push(buffer as ArrayBuffer)
}
