import type {
  ComponentLogger,
  Connection,
  Logger,
  PeerId,
  Stream,
  StreamHandler,
  StreamHandlerOptions,
  Topology
} from '@libp2p/interface'
import { PathUnavailableError } from '../errors.ts'
import { SourceQuota, type SourceQuotaLimits } from '../quota/source-quota.ts'
import type { Arrival, SignalingPath } from '../path.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import { PausedStreams } from './paused-streams.ts'

/** The protocol of envelopes between neighbours in the overlay. */
export const SIGNAL_PROTOCOL = '/hearsay/signal/1.0.0'

/** Envelopes that wait for a stream to a neighbour to open, or to drain. */
const MAX_WAITING = 64

/** … for so long. Longer than a dial's first retransmissions, shorter than a dial. */
const SEND_TIMEOUT_MS = 5000

/** A neighbour has one stream to us; a second while the first ends. */
const MAX_INBOUND_STREAMS = 4

/**
 * What a neighbour may send us: a dial, trickled candidates and their acks many times over. One who floods is read once
 * in a while; what happens to each envelope that is read is for the signaler to say.
 */
const INBOUND_QUOTA: SourceQuotaLimits = {
  burst: 256,
  perSecond: 128,
  bytesBurst: 2 * 1024 * 1024,
  bytesPerSecond: 512 * 1024,
  capacity: 1024
}

/** What closing streams may take before they are reset. */
const CLOSE_TIMEOUT_MS = 500

/** The parts of a libp2p node that this path needs: `Registrar` and `ConnectionManager` fit. */
export interface DirectStreamComponents {
  registrar: {
    handle(protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void>
    unhandle(protocol: string): Promise<void>
    register(protocol: string, topology: Topology): Promise<string>
    unregister(id: string): void
  }
  connectionManager: { getConnections(peer?: PeerId): Connection[] }
  logger: ComponentLogger
}

interface Neighbour {
  readonly peerId: PeerId
  /** It has said that it speaks the protocol, or spoken it. */
  isKnown: boolean
  waiting: number
  outbound: Promise<Stream> | undefined
}

/** The path to neighbours: one long-lived stream each way over the overlay connection that is there anyway. */
export class DirectStreamPath implements SignalingPath {
  readonly name = 'direct'
  readonly cost = 10
  readonly kind = 'direct'
  readonly #components: DirectStreamComponents
  readonly #log: Logger
  /** Who is known to speak the protocol. Entries go when a stream to them cannot be opened. */
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #streams = new Set<Stream>()
  readonly #sends = new Set<Promise<void>>()
  readonly #quota = new SourceQuota(INBOUND_QUOTA)
  readonly #paused = new PausedStreams()
  readonly #shutdown = new AbortController()
  #topology: string | undefined
  #receive: ((envelope: Uint8Array, arrival: Arrival) => void) | undefined

  constructor(components: DirectStreamComponents) {
    this.#components = components
    this.#log = components.logger.forComponent('hearsay:signaling:direct')
  }

  reaches(remotePeer: string): boolean {
    const neighbour = this.#neighbours.get(remotePeer)
    return neighbour !== undefined && this.#connectionTo(neighbour) !== undefined
  }

  async send(remotePeer: string, envelope: Uint8Array): Promise<void> {
    const neighbour = this.#neighbours.get(remotePeer)
    if (neighbour === undefined) {
      throw new PathUnavailableError(this.name, `${remotePeer} is no neighbour`)
    }
    if (neighbour.waiting >= MAX_WAITING) {
      throw new PathUnavailableError(this.name, `${remotePeer} takes nothing, and the queue is full`)
    }
    neighbour.waiting++
    const sending = this.#write(neighbour, envelope)
    this.#sends.add(sending)
    try {
      await sending
    } catch (cause) {
      throw new PathUnavailableError(this.name, `no stream to ${remotePeer}`, { cause })
    } finally {
      neighbour.waiting--
      this.#sends.delete(sending)
    }
  }

  async start(receive: (envelope: Uint8Array, arrival: Arrival) => void): Promise<void> {
    const { registrar, connectionManager } = this.#components
    this.#receive = receive
    await registrar.handle(SIGNAL_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: MAX_INBOUND_STREAMS
    })
    this.#topology = await registrar.register(SIGNAL_PROTOCOL, {
      onConnect: (peerId) => this.#meet(peerId, true),
      onDisconnect: (peerId) => {
        this.#neighbours.delete(peerId.toString())
      }
    })
    // The topology does not tell of whoever was there before; who does not speak the protocol drops out when tried.
    for (const connection of connectionManager.getConnections()) {
      this.#meet(connection.remotePeer, false)
    }
  }

  async stop(): Promise<void> {
    this.#receive = undefined
    this.#neighbours.clear()
    if (this.#topology !== undefined) {
      this.#components.registrar.unregister(this.#topology)
      this.#topology = undefined
      await this.#components.registrar.unhandle(SIGNAL_PROTOCOL)
    }
    // The last words of sessions are on their way: they get a moment.
    const stopped = new PathUnavailableError(this.name, 'it has been stopped')
    const timeout = setTimeout(() => this.#shutdown.abort(stopped), CLOSE_TIMEOUT_MS)
    const { signal } = this.#shutdown
    await Promise.allSettled(this.#sends)
    const outbound = [...this.#streams].filter(({ direction }) => direction === 'outbound')
    await Promise.allSettled(outbound.map((stream) => stream.close({ signal })))
    clearTimeout(timeout)
    this.#shutdown.abort(stopped)
    for (const stream of this.#streams) {
      stream.abort(stopped)
    }
  }

  #meet(peerId: PeerId, isKnown: boolean): void {
    const name = peerId.toString()
    const neighbour = this.#neighbours.get(name) ?? { peerId, isKnown, waiting: 0, outbound: undefined }
    neighbour.isKnown ||= isKnown
    this.#neighbours.set(name, neighbour)
  }

  #connectionTo({ peerId }: Neighbour): Connection | undefined {
    return this.#components.connectionManager.getConnections(peerId).find(({ status }) => status === 'open')
  }

  async #write(neighbour: Neighbour, envelope: Uint8Array): Promise<void> {
    const signal = AbortSignal.any([this.#shutdown.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)])
    const stream = await this.#outbound(neighbour, signal)
    await stream.onDrain({ signal })
    stream.send(encodeFrame(envelope))
  }

  #outbound(neighbour: Neighbour, signal: AbortSignal): Promise<Stream> {
    neighbour.outbound ??= this.#open(neighbour, signal).catch((error: unknown) => {
      neighbour.outbound = undefined
      if (error instanceof Error && error.name === 'UnsupportedProtocolError') {
        this.#neighbours.delete(neighbour.peerId.toString())
      }
      throw error
    })
    return neighbour.outbound
  }

  async #open(neighbour: Neighbour, signal: AbortSignal): Promise<Stream> {
    const connection = this.#connectionTo(neighbour)
    if (connection === undefined) {
      throw new PathUnavailableError(this.name, `the connection to ${neighbour.peerId.toString()} is gone`)
    }
    // To who is known to speak the protocol the first envelope goes without waiting for its consent.
    const negotiateFully = !neighbour.isKnown
    const stream = await connection.newStream(SIGNAL_PROTOCOL, { signal, negotiateFully })
    this.#track(stream, () => {
      neighbour.outbound = undefined
    })
    // Each side writes on the stream that it opened, and on no other.
    stream.addEventListener('message', () =>
      stream.abort(new PathUnavailableError(this.name, 'the neighbour wrote on a stream that is ours'))
    )
    return stream
  }

  #accept(stream: Stream, connection: Connection): void {
    if (this.#receive === undefined) {
      stream.abort(new PathUnavailableError(this.name, 'it has been stopped'))
      return
    }
    this.#meet(connection.remotePeer, true)
    this.#track(stream, () => this.#paused.forget(stream))
    const neighbour = connection.remotePeer.toString()
    const frames = new FrameDecoder()
    stream.addEventListener('message', ({ data }) => {
      const envelopes = frames.push(data.subarray())
      const now = performance.now()
      for (const envelope of envelopes ?? []) {
        if (this.#quota.take(neighbour, envelope.length, now)) {
          this.#receive?.(envelope, { path: this.name, origin: neighbour, neighbour })
        }
      }
      this.#paused.pause(stream, this.#quota.pausedUntil(neighbour, now))
      if (envelopes === undefined) {
        this.#log('%s does not keep to the framing: its stream is reset', neighbour)
        stream.abort(new PathUnavailableError(this.name, 'a frame is longer than an envelope may be'))
      }
    })
    stream.addEventListener('remoteCloseWrite', () => {
      stream.close().catch((error: unknown) => this.#log.trace('a stream did not close: %e', error))
    })
    this.#paused.pause(stream, this.#quota.pausedUntil(neighbour, performance.now()))
  }

  #track(stream: Stream, onClose: () => void): void {
    this.#streams.add(stream)
    stream.addEventListener(
      'close',
      () => {
        this.#streams.delete(stream)
        onClose()
      },
      { once: true }
    )
  }
}
