import type { OutgoingStream } from './outgoing-stream.ts'

/**
 * Weighted fair queueing between streams by their priority (RFC 8831 section 6.4, RFC 8260 section 3.6),
 * self-clocked: the virtual time is the finish tag of the message in service. A message of a stream that was idle
 * overtakes what is queued on streams of less weight, and no stream starves. The schedule is by whole messages:
 * without I-DATA the fragments of a message have consecutive TSNs (RFC 9260 section 6.9).
 *
 * Streams with something to send are in a binary heap by finish tag, so that a thousand of them cost ten steps.
 */
export class StreamScheduler {
  readonly #heap: OutgoingStream[] = []
  #virtualTime = 0

  get size(): number {
    return this.#heap.length
  }

  /** The stream to serve next. */
  first(): OutgoingStream | undefined {
    return this.#heap.at(0)
  }

  /** Enters a stream that has a message at its head and is not in the schedule. */
  add(stream: OutgoingStream): void {
    const cost = (stream.head?.data.length ?? 0) / stream.priority
    stream.virtualFinish = Math.max(this.#virtualTime, stream.virtualFinish) + cost
    stream.heapIndex = this.#heap.length
    this.#heap.push(stream)
    this.#siftUp(stream.heapIndex)
  }

  /** The head of `stream` is sent: the clock moves on, and the stream's next message gets its tag. */
  served(stream: OutgoingStream): void {
    this.#virtualTime = Math.max(this.#virtualTime, stream.virtualFinish)
    if (this.#heap.length === 1 && stream.head !== undefined) {
      stream.virtualFinish += stream.head.data.length / stream.priority
      return
    }
    this.remove(stream)
    if (stream.head !== undefined) {
      this.add(stream)
    }
  }

  remove(stream: OutgoingStream): void {
    const index = stream.heapIndex
    if (index < 0) {
      return
    }
    stream.heapIndex = -1
    const last = this.#heap.pop()
    if (last !== undefined && last !== stream) {
      this.#heap[index] = last
      last.heapIndex = index
      this.#siftUp(index)
      this.#siftDown(last.heapIndex)
    }
  }

  #siftUp(index: number): void {
    const heap = this.#heap
    const stream = heap[index]
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent].virtualFinish <= stream.virtualFinish) {
        break
      }
      heap[index] = heap[parent]
      heap[index].heapIndex = index
      index = parent
    }
    heap[index] = stream
    stream.heapIndex = index
  }

  #siftDown(index: number): void {
    const heap = this.#heap
    const stream = heap[index]
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) {
        break
      }
      if (child + 1 < heap.length && heap[child + 1].virtualFinish < heap[child].virtualFinish) {
        child++
      }
      if (heap[child].virtualFinish >= stream.virtualFinish) {
        break
      }
      heap[index] = heap[child]
      heap[index].heapIndex = index
      index = child
    }
    heap[index] = stream
    stream.heapIndex = index
  }
}
