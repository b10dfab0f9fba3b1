import type { Stream } from '@libp2p/interface'

/** What a stream that is not read may keep; one that goes on sending beyond it is reset. Muxers' windows grow to 16 MiB. */
const MAX_UNREAD_BYTES = 512 * 1024

/** Streams that are not read for a while: what is not read fills the stream's window, and the other side has to wait. */
export class PausedStreams {
  readonly #timers = new Map<Stream, ReturnType<typeof setTimeout>>()

  /** @param until as `performance.now()` counts */
  pause(stream: Stream, until: number): void {
    const pauseMs = until - performance.now()
    if (pauseMs <= 0 || stream.status !== 'open' || this.#timers.has(stream)) {
      return
    }
    stream.maxReadBufferLength = MAX_UNREAD_BYTES
    stream.pause()
    const resume = () => {
      this.forget(stream)
      if (stream.readStatus === 'paused') {
        stream.resume()
      }
    }
    this.#timers.set(stream, setTimeout(resume, pauseMs))
  }

  /** It has closed. */
  forget(stream: Stream): void {
    clearTimeout(this.#timers.get(stream))
    this.#timers.delete(stream)
  }
}
