import type { Connection, Logger, Stream } from '@libp2p/interface'
import { PathUnavailableError } from '../errors.ts'
import { TokenBucket } from '../quota/token-bucket.ts'
import {
  decodeIntroduction,
  encodeIntroduction,
  MAX_INTRODUCTION_BYTES,
  type Introduction
} from '../introduction/introduction.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import { INTRODUCE_PROTOCOL } from './introducer-host.ts'

/** Envelopes that wait for the stream to open, or to drain. */
const MAX_WAITING = 64

/** … for so long: what it takes to dial somebody far away. */
const SEND_TIMEOUT_MS = 5000

/** What closing the stream may take before it is reset. */
const CLOSE_TIMEOUT_MS = 500

/**
 * What an introducer may bring us at once, and a second: twice what it may pass on to one recipient. One that brings
 * more does not keep to the protocol, which is its own fault, whoever it says that it comes from.
 */
const INBOUND_BURST = 512
const INBOUND_PER_SECOND = 128

/** `unreachable`: it could not be opened. `fault`: the introducer does not keep to the protocol. */
export type LinkEnd = 'ended' | 'unreachable' | 'fault'

export interface IntroducerLinkInit {
  readonly connect: (options: { signal: AbortSignal }) => Promise<Connection>
  readonly onIntroduction: (introduction: Introduction) => void
  readonly onEnd: (end: LinkEnd) => void
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  readonly log: Logger
}

/** Our stream to one introducer, opened with the first thing to say. It is over when that stream ends. */
export class IntroducerLink {
  readonly #init: IntroducerLinkInit
  readonly #shutdown = new AbortController()
  readonly #inbound: TokenBucket
  #opening: Promise<Stream> | undefined
  #stream: Stream | undefined
  #waiting = 0
  #usedAt: number
  #isOver = false

  constructor(init: IntroducerLinkInit) {
    this.#init = init
    this.#usedAt = init.now()
    this.#inbound = new TokenBucket(INBOUND_BURST, INBOUND_PER_SECOND, this.#usedAt)
  }

  get isOpen(): boolean {
    return this.#stream?.status === 'open'
  }

  /** When something last went through it, in milliseconds. */
  get usedAt(): number {
    return this.#usedAt
  }

  /** @throws {PathUnavailableError} it cannot be reached, or takes nothing */
  async send(introduction: Introduction): Promise<void> {
    if (this.#isOver || this.#waiting >= MAX_WAITING) {
      throw new PathUnavailableError('introducer', 'it takes nothing')
    }
    this.#waiting++
    this.#usedAt = this.#init.now()
    const signal = AbortSignal.any([this.#shutdown.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)])
    try {
      this.#opening ??= this.#open(signal)
      const stream = await this.#opening
      await stream.onDrain({ signal })
      stream.send(encodeFrame(encodeIntroduction(introduction)))
    } catch (cause) {
      // A stream that is merely full does not end the link.
      if (this.#stream === undefined) {
        this.#end('unreachable')
      }
      throw new PathUnavailableError('introducer', 'it cannot be reached', { cause })
    } finally {
      this.#waiting--
    }
  }

  /** We need the introducer no more, nor the connection to it. */
  farewell(): void {
    this.send({ kind: 'farewell' })
      .then(() => this.close())
      .catch((error: unknown) => this.#init.log.trace('an introducer did not hear our farewell: %e', error))
  }

  /** What was sent before still goes out. Idempotent. */
  async close(): Promise<void> {
    const stopped = new PathUnavailableError('introducer', 'it is no longer used')
    const stream = this.#stream
    this.#end('ended')
    this.#shutdown.abort(stopped)
    try {
      await stream?.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
    } catch {
      stream?.abort(stopped)
    }
  }

  async #open(signal: AbortSignal): Promise<Stream> {
    const connection = await this.#init.connect({ signal })
    // Who is named as an introducer speaks the protocol: the first envelope goes without waiting for its consent.
    const stream = await connection.newStream(INTRODUCE_PROTOCOL, { signal, negotiateFully: false })
    if (this.#isOver) {
      stream.abort(new PathUnavailableError('introducer', 'it is no longer used'))
      throw new PathUnavailableError('introducer', 'it is no longer used')
    }
    this.#stream = stream
    const frames = new FrameDecoder(MAX_INTRODUCTION_BYTES)
    stream.addEventListener('message', ({ data }) => {
      if (frames.push(data.subarray())?.every((frame) => this.#handle(frame)) !== true) {
        this.#init.log('an introducer does not keep to the protocol')
        this.#end('fault')
        stream.abort(new PathUnavailableError('introducer', 'that is no introduction'))
      }
    })
    stream.addEventListener('close', () => this.#end('ended'), { once: true })
    stream.addEventListener('remoteCloseWrite', () => void this.close(), { once: true })
    return stream
  }

  /** False where the introducer does not keep to the protocol. */
  #handle(frame: Uint8Array): boolean {
    const now = this.#init.now()
    const introduction = this.#inbound.take(now) ? decodeIntroduction(frame) : undefined
    if (introduction === undefined || introduction.kind === 'register' || introduction.kind === 'farewell') {
      return false
    }
    this.#usedAt = now
    this.#init.onIntroduction(introduction)
    return true
  }

  #end(end: LinkEnd): void {
    if (!this.#isOver) {
      this.#isOver = true
      this.#init.onEnd(end)
    }
  }
}
