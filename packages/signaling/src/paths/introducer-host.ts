import type { ComponentLogger, Connection, Logger, Stream } from '@libp2p/interface'
import { PathUnavailableError } from '../errors.ts'
import { Introducer, type IntroducerLimits } from '../introduction/introducer.ts'
import {
  decodeIntroduction,
  encodeIntroduction,
  MAX_INTRODUCTION_BYTES,
  type Introduction
} from '../introduction/introduction.ts'
import { publicKeyOf } from '../peer-key.ts'
import type { DirectStreamComponents } from './direct-stream.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import { PausedStreams } from './paused-streams.ts'

/** The protocol between a member and those who introduce it to others. */
export const INTRODUCE_PROTOCOL = '/hearsay/introduce/1.0.0'

/** A member has one stream to us; a second while the first ends. */
const MAX_INBOUND_STREAMS = 2

export interface IntroducerHostComponents {
  registrar: Pick<DirectStreamComponents['registrar'], 'handle' | 'unhandle'>
  logger: ComponentLogger
}

export interface IntroducerHostInit {
  limits?: Partial<IntroducerLimits>
  /** A member has no more use for us, nor for its connection to us if that was all. */
  onFarewell?: (peer: string) => void
}

/** Passes envelopes on between the streams of others: an `Introducer` on libp2p. It dials nobody. */
export class IntroducerHost {
  readonly #components: IntroducerHostComponents
  readonly #init: IntroducerHostInit
  readonly #log: Logger
  readonly #introducer: Introducer
  /** The stream of each member, the newest where there are two. */
  readonly #streams = new Map<string, Stream>()
  readonly #paused = new PausedStreams()

  constructor(components: IntroducerHostComponents, init: IntroducerHostInit = {}) {
    this.#components = components
    this.#init = init
    this.#log = components.logger.forComponent('hearsay:signaling:introducer')
    this.#introducer = new Introducer(init.limits ?? {}, performance.now())
  }

  /** Members that have asked to be introduced to others. */
  get registrations(): number {
    return this.#introducer.registrations
  }

  async start(): Promise<void> {
    await this.#components.registrar.handle(
      INTRODUCE_PROTOCOL,
      (stream, connection) => this.#accept(stream, connection),
      { maxInboundStreams: MAX_INBOUND_STREAMS }
    )
  }

  async stop(): Promise<void> {
    await this.#components.registrar.unhandle(INTRODUCE_PROTOCOL)
    for (const stream of this.#streams.values()) {
      stream.abort(new PathUnavailableError('introducer', 'it has been stopped'))
    }
  }

  #accept(stream: Stream, { remotePeer }: Connection): void {
    const peer = remotePeer.toString()
    try {
      publicKeyOf(peer)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('no Ed25519 peer ID'))
      return
    }
    this.#replace(peer, stream)
    stream.addEventListener('close', () => this.#drop(peer, stream), { once: true })
    stream.addEventListener('remoteCloseWrite', () => {
      stream.close().catch((error: unknown) => this.#log.trace('a stream did not close: %e', error))
    })
    const frames = new FrameDecoder(MAX_INTRODUCTION_BYTES)
    stream.addEventListener('message', ({ data }) => {
      if (frames.push(data.subarray())?.every((frame) => this.#handle(peer, stream, frame)) !== true) {
        this.#log('%s does not keep to the protocol: its stream is reset', peer)
        stream.abort(new PathUnavailableError('introducer', 'that is no introduction'))
      }
    })
    this.#paused.pause(stream, this.#introducer.pausedUntil(peer, performance.now()))
  }

  /** A registration is good for its own stream only. */
  #replace(peer: string, stream: Stream): void {
    const earlier = this.#streams.get(peer)
    this.#introducer.handleGone(peer)
    this.#streams.set(peer, stream)
    earlier?.abort(new PathUnavailableError('introducer', 'a newer stream takes its place'))
  }

  /** False where it is nothing that a member may say. */
  #handle(peer: string, stream: Stream, frame: Uint8Array): boolean {
    const now = performance.now()
    if (!this.#introducer.admits(peer, frame.length, now)) {
      this.#paused.pause(stream, this.#introducer.pausedUntil(peer, now))
      return true
    }
    const introduction = decodeIntroduction(frame)
    switch (introduction?.kind) {
      case 'register': {
        const isRegistered = this.#introducer.handleRegister(peer)
        this.#send(stream, isRegistered ? { kind: 'registered' } : { kind: 'refused', reason: 'full' })
        return true
      }
      case 'envelope':
        return this.#forward(peer, stream, introduction.envelope, now)
      case 'farewell':
        this.#introducer.handleGone(peer)
        this.#init.onFarewell?.(peer)
        return true
      default:
        return false
    }
  }

  #forward(peer: string, stream: Stream, envelope: Uint8Array, now: number): boolean {
    const forwarding = this.#introducer.handleEnvelope(peer, envelope, now)
    switch (forwarding.action) {
      case 'forward':
        return this.#deliver(forwarding.recipient, { kind: 'envelope', envelope, peer }, stream)
      case 'refuse':
        this.#send(stream, { kind: 'refused', reason: forwarding.reason, peer: forwarding.recipient })
        return true
      case 'malformed':
        return false
    }
  }

  #deliver(recipient: string, introduction: Introduction, source: Stream): true {
    const stream = this.#streams.get(recipient)
    if (stream === undefined) {
      this.#send(source, { kind: 'refused', reason: 'not-registered', peer: recipient })
    } else {
      this.#send(stream, introduction)
    }
    return true
  }

  /** What a stream does not take now is dropped: paths may lose, and nothing piles up here. */
  #send(stream: Stream, introduction: Introduction): void {
    if (stream.status === 'open' && stream.writeStatus === 'writable' && !stream.writableNeedsDrain) {
      stream.send(encodeFrame(encodeIntroduction(introduction)))
    }
  }

  #drop(peer: string, stream: Stream): void {
    this.#paused.forget(stream)
    if (this.#streams.get(peer) === stream) {
      this.#streams.delete(peer)
      this.#introducer.handleGone(peer)
    }
  }
}
