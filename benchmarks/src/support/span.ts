import { setTimeout } from 'node:timers/promises'

/** What was read at the beginning and at the end of a span of time. */
export interface Span<Reading> {
  readonly before: Reading
  readonly after: Reading
  /** What has come in between. */
  readonly bytes: number
}

export interface SpanInit<Reading> {
  readonly read: () => Promise<Reading>
  readonly bytesOf: (reading: Reading) => number
  readonly milliseconds: number
  /** Goes on until something has come: so short a time may pass without, on a busy machine. */
  readonly quick: boolean
}

/** @throws {Error} where nothing came: who stalls has failed */
export async function overSpan<Reading>(init: SpanInit<Reading>): Promise<Span<Reading>> {
  const { read, bytesOf, milliseconds, quick } = init
  const before = await read()
  for (;;) {
    await setTimeout(milliseconds)
    const after = await read()
    const bytes = bytesOf(after) - bytesOf(before)
    if (bytes > 0) return { before, after, bytes }
    if (!quick) throw new Error('nothing came')
  }
}
