import type { Pair } from './pair.ts'

const MESSAGE = 65_536
const AHEAD = 1_000_000

/** Keeps `a` supplied with messages on stream 1. */
export function supply(pair: Pair): void {
  while (pair.a.association.bufferedAmount(1) < AHEAD) {
    pair.send(pair.a, 1, new Uint8Array(MESSAGE))
  }
}

/** Counts what `b` receives from now on, and forgets it. */
export function countReceived(pair: Pair): { bytes: number } {
  const received = { bytes: 0 }
  pair.b.onEvent = (event) => {
    received.bytes += event.type === 'message' ? event.data.length : 0
    if (event.type === 'message') {
      pair.b.events.length = 0
    }
  }
  return received
}

/** Moves `size` bytes from `a` to `b` in messages of 64 KiB; the virtual milliseconds it took. */
export function transfer(pair: Pair, size: number): number {
  const start = pair.now
  const received = countReceived(pair)
  let queued = 0
  pair.runUntil(() => {
    for (; queued < size && pair.a.association.bufferedAmount(1) < AHEAD; queued += MESSAGE) {
      pair.send(pair.a, 1, new Uint8Array(MESSAGE))
    }
    return received.bytes >= size
  })
  pair.b.onEvent = () => undefined
  return pair.now - start
}
