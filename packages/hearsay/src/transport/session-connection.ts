import { yamux } from '@chainsafe/libp2p-yamux'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import { raceSignal } from 'race-signal'
import { Uint8ArrayList } from 'uint8arraylist'
import { LinkRefusedError } from '../errors.ts'
import type { SendResult } from '@libp2p/utils'
import type { AbortOptions, Logger, MessageStreamDirection, StreamMuxerFactory } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { LinkChannel } from './session-links.ts'

/** Bytes handed to the channel at a time: with the frame's header they fit one message of every WebRTC stack. */
const MAX_CHUNK_BYTES = 61_440

/** The muxer is asked to wait while the channel has so many bytes that have not left; it buffers a stream each. */
const HIGH_WATERMARK_BYTES = 262_144

/** … and may go on once no more than these are left. */
const LOW_WATERMARK_BYTES = 65_536

/**
 * A stream writes its whole window at once before it waits. A window is no larger than a gossiped message may be, and
 * the buffer holds those of sixteen streams.
 */
const MAX_STREAM_WINDOW_BYTES = 1_048_576
const MAX_WRITE_BUFFER_BYTES = 16 * MAX_STREAM_WINDOW_BYTES

/** The muxer of every link: agreed on beforehand, it costs no round trip. The session beats, so the muxer need not. */
export const LINK_MUXER: StreamMuxerFactory = yamux({
  enableKeepAlive: false,
  streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES }
})()

const ACCEPTED = new Uint8Array()

export interface SessionConnectionInit {
  readonly channel: LinkChannel
  readonly remoteAddr: Multiaddr
  readonly direction: MessageStreamDirection
  readonly log: Logger
}

/** One reliable channel of a session as the byte stream that libp2p upgrades to a connection. */
export class SessionConnection extends AbstractMultiaddrConnection {
  readonly #channel: LinkChannel
  readonly #batch = new Uint8ArrayList()
  #unsentBytes = 0
  #resumed: PromiseWithResolvers<undefined> | undefined

  constructor({ channel, ...init }: SessionConnectionInit) {
    super({ ...init, maxWriteBufferLength: MAX_WRITE_BUFFER_BYTES })
    this.#channel = channel
    // The end is to be seen also by who does not want to read on.
    channel.addEventListener('close', () => {
      this.sendResume()
    })
  }

  /** The side that was called: an empty message, before anything else, says that the link is taken. */
  accept(): void {
    this.#channel.send(ACCEPTED).catch((error: unknown) => this.log('the link ended at once - %e', error))
    void this.#read()
  }

  /**
   * The side that called: resolves when the other has taken the link.
   *
   * @throws {LinkRefusedError} the other side closed the channel instead, or does not keep to the protocol
   */
  async waitForAccept(signal: AbortSignal): Promise<void> {
    const first = await raceSignal(this.#channel.source[Symbol.asyncIterator]().next(), signal)
    if (first.done === true || first.value.length > 0) throw new LinkRefusedError(this.remoteAddr.toString())
    void this.#read()
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    this.#unsentBytes += sentBytes
    if (this.#batch.byteLength === 0) {
      queueMicrotask(() => {
        this.#flush()
      })
    }
    this.#batch.append(data)
    return { sentBytes, canSendMore: this.#unsentBytes < HIGH_WATERMARK_BYTES }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#flush()
    await this.#channel.close(options?.signal === undefined ? {} : { signal: options.signal })
  }

  /** Nothing that waits is sent; the other side sees the end. */
  sendReset(): void {
    this.#channel.close({ signal: AbortSignal.abort() }).catch((error: unknown) => {
      this.log('the channel did not close - %e', error)
    })
  }

  /** What is not taken from the channel keeps its credit: the other side waits. */
  sendPause(): void {
    this.#resumed ??= Promise.withResolvers()
  }

  sendResume(): void {
    this.#resumed?.resolve(undefined)
    this.#resumed = undefined
  }

  /** Sends what was written since the last time: a muxer writes headers and data, and streams, one by one. */
  #flush(): void {
    while (this.#batch.byteLength > 0) {
      const bytes = this.#batch.subarray(0, Math.min(MAX_CHUNK_BYTES, this.#batch.byteLength))
      this.#batch.consume(bytes.length)
      this.#channel.send(bytes).then(
        () => {
          this.#unsentBytes -= bytes.length
          if (this.writableNeedsDrain && this.#unsentBytes <= LOW_WATERMARK_BYTES) this.#drain()
        },
        (error: unknown) => {
          this.onTransportClosed(error instanceof Error ? error : new Error('the channel takes no more'))
        }
      )
    }
  }

  /** What the muxer wrote in spite of being asked to wait goes first: told earlier, it would only add to it. */
  #drain(): void {
    this.writableNeedsDrain = false
    if (this.processSendQueue()) this.safeDispatchEvent('drain')
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.#channel.source) {
        this.onData(bytes)
        await this.#resumed?.promise
      }
      this.onTransportClosed()
    } catch (error) {
      this.onTransportClosed(error instanceof Error ? error : new Error('the channel was cut off'))
    }
  }
}
