import { lpStream } from '@libp2p/utils'
import { monotonicNow } from '../alarm.ts'
import { backoffMs } from '../backoff.ts'
import { PRESENCE_PROTOCOL } from '../constants.ts'
import { MAX_FRAME_BYTES } from './exchange-frame.ts'
import { Hello } from './pb/exchange.js'
import { helloProof } from './presence-seal.ts'
import type { HearsayComponents } from '../components.ts'
import type { PresenceRoom } from './presence-seal.ts'
import type { Connection, Logger, PeerId, Stream } from '@libp2p/interface'
import type { LengthPrefixedStream } from '@libp2p/utils'

export interface PresenceStreamsInit {
  readonly components: Pick<HearsayComponents, 'registrar' | 'connectionManager' | 'peerId' | 'logger'>
  readonly room: PresenceRoom
  /** A neighbour has proven to be in the room. */
  readonly onOpen: (link: string, remotePeer: string, isInitiator: boolean) => void
  readonly onFrame: (link: string, frame: Uint8Array) => void
  readonly onClose: (link: string) => void
}

/** A neighbour's stream to us, and a second one while the first ends. */
const MAX_INBOUND_STREAMS = 2

/** How long a neighbour may take to show that it is in the room. */
const HELLO_TIMEOUT_MS = 10_000

/** What waits to be sent to one neighbour: it takes nothing any more where so much waits. */
const MAX_QUEUED_BYTES = 1024 * 1024

/** What came and was not looked at yet. */
const MAX_BUFFERED_BYTES = 4 * MAX_FRAME_BYTES

/** What a farewell may take. */
const CLOSE_TIMEOUT_MS = 500

/** Before a stream is opened again over a connection that is still there: it may be a neighbour of another room. */
const REOPEN = { baseMs: 2_000, maxMs: 300_000 }

interface Link {
  readonly stream: Stream
  readonly frames: LengthPrefixedStream<Stream>
  queue: Uint8Array[]
  queuedBytes: number
  writing: Promise<void> | undefined
}

interface Attempt {
  failures: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * The streams of `/hearsay/presence/1.0.0`: one over every overlay connection to a member of the room, opened by who
 * opened the connection. Two connections to one peer ID may lead to two processes, so a link is a connection's.
 */
export class PresenceStreams {
  readonly #init: PresenceStreamsInit
  readonly #log: Logger
  readonly #links = new Map<string, Link>()
  /** Connections that we open a stream on, or try to, by id. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #shutdown = new AbortController()
  #topology: string | undefined

  constructor(init: PresenceStreamsInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:presence:streams')
  }

  async start(): Promise<void> {
    const { registrar, connectionManager } = this.#init.components
    const handled = registrar.handle(
      PRESENCE_PROTOCOL,
      (stream, connection) => this.#accept(stream, connection),
      {
        maxInboundStreams: MAX_INBOUND_STREAMS
      }
    )
    this.#topology = await registrar.register(PRESENCE_PROTOCOL, {
      onConnect: (_peerId: PeerId, connection: Connection) => {
        this.#meet(connection)
      }
    })
    await handled
    // The topology does not tell of whoever was there before.
    for (const connection of connectionManager.getConnections()) this.#meet(connection)
  }

  /** Sends what is queued and closes. */
  async stop(): Promise<void> {
    const { registrar } = this.#init.components
    if (this.#topology !== undefined) {
      registrar.unregister(this.#topology)
      this.#topology = undefined
      await registrar.unhandle(PRESENCE_PROTOCOL)
    }
    for (const { timer } of this.#attempts.values()) clearTimeout(timer)
    this.#attempts.clear()
    const links = [...this.#links.values()]
    const timeout = setTimeout(() => {
      this.#shutdown.abort(new Error('presence has stopped'))
    }, CLOSE_TIMEOUT_MS)
    await Promise.allSettled(
      links.map(async ({ stream, writing }) => {
        await writing
        await stream.close({ signal: this.#shutdown.signal })
      })
    )
    clearTimeout(timeout)
    this.#shutdown.abort(new Error('presence has stopped'))
    for (const { stream } of links) stream.abort(new Error('presence has stopped'))
  }

  send(id: string, frame: Uint8Array): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    link.queue.push(frame)
    link.queuedBytes += frame.length
    if (link.queuedBytes > MAX_QUEUED_BYTES) this.close(id, 'it takes nothing')
    else link.writing ??= this.#write(id, link)
  }

  close(id: string, reason: string): void {
    this.#log('the presence stream %s is reset: %s', id, reason)
    this.#links.get(id)?.stream.abort(new Error(reason))
  }

  #meet(connection: Connection): void {
    if (connection.direction !== 'outbound' || connection.limits !== undefined) return
    if (this.#attempts.has(connection.id)) return
    this.#attempts.set(connection.id, { failures: 0, timer: undefined })
    void this.#open(connection)
  }

  async #open(connection: Connection): Promise<void> {
    const openedAt = monotonicNow()
    try {
      const signal = this.#deadline()
      // Only who is known to speak the protocol is asked: what we say first need not wait for its consent.
      const stream = await connection.newStream(PRESENCE_PROTOCOL, { signal, negotiateFully: false })
      await this.#run(stream, connection, signal)
    } catch (error) {
      this.#log('no presence stream to %s - %e', connection.remotePeer, error)
    }
    const attempt = this.#attempts.get(connection.id)
    if (attempt === undefined) return
    if (connection.status !== 'open') {
      this.#attempts.delete(connection.id)
      return
    }
    attempt.failures = monotonicNow() - openedAt > REOPEN.maxMs ? 1 : attempt.failures + 1
    attempt.timer = setTimeout(
      () => {
        if (connection.status === 'open') void this.#open(connection)
        else this.#attempts.delete(connection.id)
      },
      backoffMs(REOPEN, attempt.failures, Math.random())
    )
  }

  #accept(stream: Stream, connection: Connection): void {
    this.#run(stream, connection, this.#deadline()).catch((error: unknown) => {
      this.#log('the presence stream of %s ended - %e', connection.remotePeer, error)
    })
  }

  /** From hello to the end of the stream. */
  async #run(stream: Stream, connection: Connection, deadline: AbortSignal): Promise<void> {
    const id = `${connection.id} ${stream.id}`
    const remotePeer = connection.remotePeer.toString()
    const isInitiator = stream.direction === 'outbound'
    const frames = lpStream(stream, { maxDataLength: MAX_FRAME_BYTES, maxBufferSize: MAX_BUFFERED_BYTES })
    try {
      if (isInitiator) await frames.write(this.#hello(remotePeer), { signal: deadline })
      const hello = (await frames.read({ signal: deadline })).subarray()
      if (!this.#isInRoom(hello, remotePeer)) throw new Error('it is not in our room')
      if (!isInitiator) await frames.write(this.#hello(remotePeer), { signal: deadline })
      this.#links.set(id, { stream, frames, queue: [], queuedBytes: 0, writing: undefined })
      this.#init.onOpen(id, remotePeer, isInitiator)
      for (;;) this.#init.onFrame(id, (await frames.read()).subarray())
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('it failed', { cause: error }))
      throw error
    } finally {
      if (this.#links.delete(id)) this.#init.onClose(id)
    }
  }

  async #write(id: string, link: Link): Promise<void> {
    try {
      while (link.queue.length > 0) {
        const frames = link.queue
        link.queue = []
        link.queuedBytes = 0
        await link.frames.writeV(frames, { signal: this.#shutdown.signal })
      }
    } catch (error) {
      this.#log('the presence stream %s takes nothing any more - %e', id, error)
      link.stream.abort(error instanceof Error ? error : new Error('it failed', { cause: error }))
    } finally {
      link.writing = undefined
    }
  }

  #hello(remotePeer: string): Uint8Array {
    const { room, components } = this.#init
    return Hello.encode({
      topic: room.topic,
      proof: helloProof(room, components.peerId.toString(), remotePeer)
    })
  }

  #isInRoom(bytes: Uint8Array, remotePeer: string): boolean {
    const { room, components } = this.#init
    const { topic, proof } = Hello.decode(bytes)
    const expected = helloProof(room, remotePeer, components.peerId.toString())
    return topic === room.topic && equalSecrets(proof, expected)
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#shutdown.signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)])
  }
}

/** Takes the same time wherever they differ. */
function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of b.entries()) difference |= byte ^ (a[index] ?? 0)
  return difference === 0
}
