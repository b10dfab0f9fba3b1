import { TypedEventEmitter } from 'main-event'
import { DEFAULT_CHANNEL, MESH_LABEL_PREFIX } from './constants.ts'
import type {
  Channel,
  ChannelOptions,
  CloseReason,
  MessageHandler,
  PeerSession,
  RequestOptions,
  SelectedCandidate,
  SessionStateName,
  SessionStats,
  Transition
} from '@hearsay/session'
import type { Room } from '@hearsay/signaling'

export interface MeshPeerEvents {
  /** Every step of the connection. */
  statechange: CustomEvent<Transition>
  /** The peer opened a channel that we had not declared. */
  channel: CustomEvent<Channel>
  /** It is over. */
  close: CustomEvent<CloseReason>
}

/** A snapshot of a connection: how it came about and what went through. */
export interface MeshPeerStats extends SessionStats {
  /** Whose offer led to the connection. */
  readonly offeredBy: 'us' | 'peer'
  /** From the dial, or from the arrival of the offer, to the verified connection, in milliseconds. */
  readonly openMs: number
  /** The candidate pair that ICE selected; absent once the connection is over. */
  readonly localCandidate: SelectedCandidate | undefined
  readonly remoteCandidate: SelectedCandidate | undefined
}

/** A peer with a WebRTC connection to us. A mesh makes them; each stands for one connection. */
export class MeshPeer extends TypedEventEmitter<MeshPeerEvents> implements AsyncDisposable {
  readonly peerId: string
  readonly #session: PeerSession
  readonly #rooms: ReadonlySet<Room>
  #opened: Pick<MeshPeerStats, 'offeredBy' | 'openMs' | 'role'> = {
    offeredBy: 'us',
    openMs: 0,
    role: undefined
  }

  /** @param rooms those that it has proven, now */
  constructor(session: PeerSession, rooms: ReadonlySet<Room>) {
    super()
    this.#rooms = rooms
    this.peerId = session.remotePeer
    this.#session = session
    session.addEventListener('connected', () => {
      const { role, timings } = session.stats()
      this.#opened = { offeredBy: role === 'responder' ? 'peer' : 'us', openMs: timings.totalMs ?? 0, role }
    })
    session.addEventListener('statechange', ({ detail }) => {
      this.safeDispatchEvent('statechange', { detail })
    })
    session.addEventListener('channel', ({ detail }) => {
      if (isOfApplication(detail)) this.safeDispatchEvent('channel', { detail })
    })
    session.addEventListener('closed', ({ detail }) => {
      this.safeDispatchEvent('close', { detail })
    })
  }

  /** Names of the rooms that both of us are in, as the peer has proven: they change while the connection stands. */
  get rooms(): readonly string[] {
    return [...this.#rooms].map(({ name }) => name)
  }

  get state(): SessionStateName {
    return this.#session.state.name
  }

  /** The latest steps of the connection, oldest first, each with its reason. */
  get history(): readonly Transition[] {
    return this.#session.history
  }

  /** Channels that are not closed, the default one among them. */
  get channels(): readonly Channel[] {
    return this.#session.channels.filter(isOfApplication)
  }

  /**
   * Sends a message on the default channel. Resolves once it is in the connection's buffer: awaiting it is the
   * backpressure. Rejects with the errors of `Channel.send()`.
   */
  send(message: unknown, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#defaultChannel().send(message, options)
  }

  /** Asks the peer's handler of that type and waits for what it returns. Rejects with the errors of `Channel.request()`. */
  request<Response = unknown>(type: string, payload?: unknown, options?: RequestOptions): Promise<Response> {
    return this.#session.request<Response>(type, payload, options)
  }

  /** Tells the peer's handler of that type, without a reply. */
  notify(type: string, payload?: unknown, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#session.notify(type, payload, options)
  }

  /** Runs `handler` for messages of that type from this peer alone. `mesh.handle()` is for all. */
  handle<Payload>(type: string, handler: MessageHandler<Payload>): void {
    this.#session.handle(type, handler)
  }

  unhandle(type: string): void {
    this.#session.unhandle(type)
  }

  /**
   * The channel of that label; opened on both sides where there is none.
   *
   * @throws {SessionOptionError} label or options cannot be used
   * @throws {SessionClosedError} the connection is over
   */
  channel<Message = unknown>(label: string, options?: ChannelOptions<Message>): Channel<Message> {
    return this.#session.channel(label, options)
  }

  /** What the peer sends on the default channel. Shared with `mesh.messages()`: each message goes to one of them. */
  messages<Message = unknown>(): AsyncIterable<Message, undefined> {
    return this.#defaultChannel<Message>().source
  }

  async stats(): Promise<MeshPeerStats> {
    const pair = await this.#session.selectedCandidatePair()
    return {
      ...this.#session.stats(),
      ...this.#opened,
      localCandidate: pair?.local,
      remoteCandidate: pair?.remote
    }
  }

  /**
   * Sends what is queued, says goodbye and closes the connection. With `autoConnect` it may come about again.
   * Idempotent; aborting `signal` cuts the flushing short.
   */
  close(reason?: { code?: string; message?: string }, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#session.close(reason, options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #defaultChannel<Message = unknown>(): Channel<Message> {
    return this.#session.channel<Message>(DEFAULT_CHANNEL)
  }
}

/** The rest is the mesh's own. */
function isOfApplication({ label }: Channel): boolean {
  return !label.startsWith(MESH_LABEL_PREFIX)
}
