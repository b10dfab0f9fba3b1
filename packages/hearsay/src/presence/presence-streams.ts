import { monotonicNow } from '../alarm.ts'
import { backoffMs } from '../backoff.ts'
import { PRESENCE_PROTOCOL } from '../constants.ts'
import { Hello } from './pb/exchange.js'
import { framesOf, HELLO_TIMEOUT_MS } from './presence-door.ts'
import { helloProof } from './presence-seal.ts'
import type { HearsayComponents } from '../components.ts'
import type { PresenceDoor, PresenceGuest, PresenceStream } from './presence-door.ts'
import type { PresenceRoom } from './presence-seal.ts'
import type { Connection, Logger, PeerId } from '@libp2p/interface'

export interface PresenceStreamsInit {
  readonly components: Pick<HearsayComponents, 'registrar' | 'connectionManager' | 'peerId' | 'logger'>
  /** Where neighbours' streams for this room come in. */
  readonly door: PresenceDoor
  readonly room: PresenceRoom
  /** A neighbour has proven to be in the room. */
  readonly onOpen: (link: string, remotePeer: string, isInitiator: boolean) => void
  readonly onFrame: (link: string, frame: Uint8Array) => void
  readonly onClose: (link: string) => void
}

/** What waits to be sent to one neighbour: it takes nothing any more where so much waits. */
const MAX_QUEUED_BYTES = 1024 * 1024

/** What a farewell may take. */
const CLOSE_TIMEOUT_MS = 500

/** Before a stream is opened again over a connection that is still there: it may be a neighbour of another room. */
const REOPEN = { baseMs: 2_000, maxMs: 300_000 }

/** A neighbour that comes into the room is tried at once, but for so long a moment after the last time: it may flap. */
const RETRY_MS = 250

interface Link extends Pick<PresenceStream, 'stream' | 'frames'> {
  queue: Uint8Array[]
  queuedBytes: number
  writing: Promise<void> | undefined
}

interface Attempt {
  readonly connection: Connection
  failures: number
  openedAt: number
  /** Set while the next try waits. */
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * The streams of `/hearsay/presence/1.0.0` for one room: one over every overlay connection to a member of it, opened by
 * who opened the connection. Two connections to one peer ID may lead to two processes, so a link is a connection's.
 */
export class PresenceStreams {
  readonly #init: PresenceStreamsInit
  readonly #log: Logger
  readonly #links = new Map<string, Link>()
  /** Connections that we open a stream on, or try to, by id. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #shutdown = new AbortController()
  #topology: string | undefined
  #isStopped = false

  constructor(init: PresenceStreamsInit) {
    this.#init = init
    this.#log = init.components.logger.forComponent('hearsay:presence:streams')
  }

  async start(): Promise<void> {
    const { components, door, room } = this.#init
    const { registrar, connectionManager } = components
    door.open(room.topic, (guest) => this.#welcome(guest))
    this.#topology = await registrar.register(PRESENCE_PROTOCOL, {
      onConnect: (_peerId: PeerId, connection: Connection) => {
        this.#meet(connection)
      }
    })
    // The topology does not tell of whoever was there before.
    for (const connection of connectionManager.getConnections()) this.#meet(connection)
  }

  /** Sends what is queued and closes; who is just being greeted is not let in any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const { components, door, room } = this.#init
    if (this.#topology !== undefined) {
      components.registrar.unregister(this.#topology)
      this.#topology = undefined
      door.close(room.topic)
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

  /** A neighbour has come into the room: there is no need to wait for the next try, but for a moment after the last. */
  handleNeighbour(peerId: string): void {
    for (const attempt of this.#attempts.values()) {
      if (attempt.timer === undefined || attempt.connection.remotePeer.toString() !== peerId) continue
      clearTimeout(attempt.timer)
      attempt.failures = 0
      this.#retry(attempt, Math.max(0, attempt.openedAt + RETRY_MS - monotonicNow()))
    }
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
    const attempt = { connection, failures: 0, openedAt: 0, timer: undefined }
    this.#attempts.set(connection.id, attempt)
    void this.#open(attempt)
  }

  async #open(attempt: Attempt): Promise<void> {
    const { connection } = attempt
    attempt.timer = undefined
    attempt.openedAt = monotonicNow()
    try {
      await this.#greet(connection)
    } catch (error) {
      this.#log('no presence stream to %s - %e', connection.remotePeer, error)
    }
    if (this.#attempts.get(connection.id) !== attempt) return
    if (connection.status !== 'open') {
      this.#attempts.delete(connection.id)
      return
    }
    attempt.failures = monotonicNow() - attempt.openedAt > REOPEN.maxMs ? 1 : attempt.failures + 1
    this.#retry(attempt, backoffMs(REOPEN, attempt.failures, Math.random()))
  }

  #retry(attempt: Attempt, pauseMs: number): void {
    const { connection } = attempt
    attempt.timer = setTimeout(() => {
      if (connection.status === 'open') void this.#open(attempt)
      else this.#attempts.delete(connection.id)
    }, pauseMs)
  }

  async #greet(connection: Connection): Promise<void> {
    const deadline = AbortSignal.any([this.#shutdown.signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)])
    // Only who is known to speak the protocol is asked: what we say first need not wait for its consent.
    const stream = await connection.newStream(PRESENCE_PROTOCOL, { signal: deadline, negotiateFully: false })
    const frames = framesOf(stream)
    const remotePeer = connection.remotePeer.toString()
    try {
      await frames.write(this.#hello(remotePeer), { signal: deadline })
      const hello = Hello.decode((await frames.read({ signal: deadline })).subarray())
      if (!this.#isInRoom(hello, remotePeer)) throw new Error('it is not in our room')
      await this.#run({ stream, frames, connection })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('it failed', { cause: error }))
      throw error
    }
  }

  /** The door resets the stream when this fails. */
  async #welcome({ hello, deadline, ...opened }: PresenceGuest): Promise<void> {
    const remotePeer = opened.connection.remotePeer.toString()
    if (!this.#isInRoom(hello, remotePeer)) throw new Error('it is not in our room')
    await opened.frames.write(this.#hello(remotePeer), { signal: deadline })
    await this.#run(opened)
  }

  /** From hello to the end of the stream. */
  async #run({ stream, frames, connection }: PresenceStream): Promise<void> {
    if (this.#isStopped) throw new Error('presence has stopped')
    const id = `${connection.id} ${stream.id}`
    try {
      this.#links.set(id, { stream, frames, queue: [], queuedBytes: 0, writing: undefined })
      this.#init.onOpen(id, connection.remotePeer.toString(), stream.direction === 'outbound')
      for (;;) this.#init.onFrame(id, (await frames.read()).subarray())
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

  #isInRoom({ topic, proof }: Hello, remotePeer: string): boolean {
    const { room, components } = this.#init
    const expected = helloProof(room, remotePeer, components.peerId.toString())
    return topic === room.topic && equalSecrets(proof, expected)
  }
}

/** Takes the same time wherever they differ. */
function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of b.entries()) difference |= byte ^ (a[index] ?? 0)
  return difference === 0
}
