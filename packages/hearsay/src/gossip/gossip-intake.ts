import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

/**
 * Bytes of gossip that are read of one neighbour at once, and a second. Each message is verified before anything else is
 * asked of it, at 0.1 to 0.3 ms, and the smallest has 120 bytes: so one who does nothing but flood us costs a quarter of
 * a core. All that a room lets its members say comes to a fraction of it.
 */
const BURST_BYTES = 512 * 1024
const BYTES_PER_SECOND = 256 * 1024

/** Read again once so much less is owed. */
const RELIEF_BYTES = BURST_BYTES / 4

/** What may wait in a stream that is not read: whoever goes on beyond it keeps to no window, and is reset. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** Neighbours that are remembered when they are gone, so that coming back is no way to begin anew. */
const MAX_NEIGHBOURS = 1024

interface Account {
  /** Bytes read, less what time has forgiven. */
  owed: number
  at: number
}

/**
 * How fast gossip is read from each neighbour. gossipsub verifies a signature before it asks anybody about a message, and
 * remembers each for two minutes: a flood must not get so far. Who brings too much is read more slowly, loses nothing, and
 * is not blamed for it.
 */
export class GossipIntake {
  readonly #accounts = new Map<string, Account>()

  /** Neighbours of whom something is remembered. */
  get size(): number {
    return this.#accounts.size
  }

  /** The registrar to give to gossipsub: the streams that neighbours open to it are metered. */
  meter(registrar: Registrar): Registrar {
    return {
      getProtocols: () => registrar.getProtocols(),
      handle: (protocol, handler, options) =>
        registrar.handle(
          protocol,
          async (stream, connection) => {
            await handler(stream, connection)
            this.#watch(stream, connection)
          },
          options
        ),
      unhandle: (protocol, options) => registrar.unhandle(protocol, options),
      getHandler: (protocol) => registrar.getHandler(protocol),
      use: (protocol, middleware) => {
        registrar.use(protocol, middleware)
      },
      unuse: (protocol) => {
        registrar.unuse(protocol)
      },
      getMiddleware: (protocol) => registrar.getMiddleware(protocol),
      register: (protocol, topology, options) => registrar.register(protocol, topology, options),
      unregister: (id) => {
        registrar.unregister(id)
      },
      getTopologies: (protocol) => registrar.getTopologies(protocol)
    }
  }

  #watch(stream: Stream, { remotePeer }: Connection): void {
    const neighbour = remotePeer.toString()
    let timeout: ReturnType<typeof setTimeout> | undefined
    stream.maxReadBufferLength = MAX_UNREAD_BYTES
    const restrain = (): void => {
      const pauseMs = this.#pauseMs(neighbour)
      if (pauseMs === 0 || timeout !== undefined || stream.status !== 'open') return
      if (stream.readStatus !== 'readable') return
      stream.pause()
      timeout = setTimeout(() => {
        timeout = undefined
        if (stream.readStatus === 'paused') stream.resume()
      }, pauseMs)
    }
    stream.addEventListener('message', ({ data }) => {
      this.#charge(neighbour, data.byteLength)
      restrain()
    })
    stream.addEventListener(
      'close',
      () => {
        clearTimeout(timeout)
      },
      { once: true }
    )
    restrain()
  }

  #charge(neighbour: string, bytes: number): void {
    const account = this.#settle(neighbour)
    account.owed += bytes
    this.#accounts.delete(neighbour)
    this.#accounts.set(neighbour, account)
    for (const [oldest] of this.#accounts) {
      if (this.#accounts.size <= MAX_NEIGHBOURS) return
      this.#accounts.delete(oldest)
    }
  }

  /** How long nothing of this neighbour is worth reading. */
  #pauseMs(neighbour: string): number {
    const { owed } = this.#settle(neighbour)
    const excess = owed > BURST_BYTES ? owed - BURST_BYTES + RELIEF_BYTES : 0
    return Math.ceil((1_000 * excess) / BYTES_PER_SECOND)
  }

  #settle(neighbour: string): Account {
    const now = performance.now()
    const account = this.#accounts.get(neighbour) ?? { owed: 0, at: now }
    account.owed = Math.max(0, account.owed - ((now - account.at) * BYTES_PER_SECOND) / 1_000)
    account.at = now
    return account
  }
}
