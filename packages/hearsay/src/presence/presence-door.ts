import { lpStream } from '@libp2p/utils'
import { PRESENCE_PROTOCOL } from '../constants.ts'
import { MAX_FRAME_BYTES } from './exchange-frame.ts'
import { Hello } from './pb/exchange.js'
import type { HearsayComponents } from '../components.ts'
import type { Connection, Logger, Stream } from '@libp2p/interface'
import type { LengthPrefixedStream } from '@libp2p/utils'

/** A stream that speaks presence, in frames. */
export interface PresenceStream {
  readonly stream: Stream
  readonly frames: LengthPrefixedStream<Stream>
  readonly connection: Connection
}

/** Somebody opened a stream and said hello; it may not be true. */
export interface PresenceGuest extends PresenceStream {
  readonly hello: Hello
  /** Until when it has to be answered. */
  readonly deadline: AbortSignal
}

/** How long a neighbour may take to show that it is in the room. */
export const HELLO_TIMEOUT_MS = 10_000

/** A neighbour's stream to us for each of our rooms, and a second one while the first ends. */
const MAX_STREAMS_A_ROOM = 2

/** What came and was not looked at yet. */
const MAX_BUFFERED_BYTES = 4 * MAX_FRAME_BYTES

/** Answers `/hearsay/presence/1.0.0` for all our rooms: the first message of a stream says which one it is for. */
export class PresenceDoor {
  readonly #registrar: HearsayComponents['registrar']
  readonly #log: Logger
  readonly #maxRooms: number
  readonly #rooms = new Map<string, (guest: PresenceGuest) => Promise<void>>()
  readonly #shutdown = new AbortController()

  constructor({ registrar, logger }: Pick<HearsayComponents, 'registrar' | 'logger'>, maxRooms: number) {
    this.#registrar = registrar
    this.#log = logger.forComponent('hearsay:presence:streams')
    this.#maxRooms = maxRooms
  }

  async start(): Promise<void> {
    await this.#registrar.handle(
      PRESENCE_PROTOCOL,
      (stream, connection) => this.#accept(stream, connection),
      {
        maxInboundStreams: MAX_STREAMS_A_ROOM * this.#maxRooms
      }
    )
  }

  async stop(): Promise<void> {
    await this.#registrar.unhandle(PRESENCE_PROTOCOL)
    this.#shutdown.abort(new Error('presence has stopped'))
  }

  /** From now on `welcome` takes those who name the topic. It runs as long as the stream. */
  open(topic: string, welcome: (guest: PresenceGuest) => Promise<void>): void {
    this.#rooms.set(topic, welcome)
  }

  close(topic: string): void {
    this.#rooms.delete(topic)
  }

  #accept(stream: Stream, connection: Connection): void {
    this.#receive(stream, connection).catch((error: unknown) => {
      this.#log('the presence stream of %s ended - %e', connection.remotePeer, error)
      stream.abort(error instanceof Error ? error : new Error('it failed', { cause: error }))
    })
  }

  async #receive(stream: Stream, connection: Connection): Promise<void> {
    const deadline = AbortSignal.any([this.#shutdown.signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)])
    const frames = framesOf(stream)
    const hello = Hello.decode((await frames.read({ signal: deadline })).subarray())
    const welcome = this.#rooms.get(hello.topic)
    if (welcome === undefined) throw new Error('it is in none of our rooms')
    await welcome({ stream, frames, connection, hello, deadline })
  }
}

export function framesOf(stream: Stream): LengthPrefixedStream<Stream> {
  return lpStream(stream, { maxDataLength: MAX_FRAME_BYTES, maxBufferSize: MAX_BUFFERED_BYTES })
}
