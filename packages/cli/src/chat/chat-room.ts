import { UndeliveredError } from '../errors.ts'
import { errorCodeOf } from '../exit-code.ts'
import { MAX_LINE_LENGTH } from '../terminal/read-lines.ts'
import type { Mesh, MeshPeer } from 'hearsay'

/** Message type of a line; the payload is `{ text }`, the answer empty: it only confirms. */
const LINE_TYPE = 'chat/line'

/** How long one member may take to confirm a line, in milliseconds: it may have died without our knowing yet. */
const CONFIRM_TIMEOUT_MS = 5_000

/** Lines under way to their hearers at a time; beyond it, input is not read on. */
const MAX_IN_FLIGHT = 64

/** How long the first line waits for everybody heard of to be connected, in milliseconds since the start. */
const SETTLE_MS = 1_500

export interface ChatRoomOptions {
  /** How long a line waits for the first member that hears it, in milliseconds. */
  readonly waitMs: number
  readonly signal: AbortSignal
}

/** What happens in a chat. */
export interface ChatListener {
  /** Somebody said a line, which is confirmed once this resolves: who is slow to take lines slows down who says them. */
  message(from: string, text: string): Promise<void>
  /** That member has confirmed our line. */
  delivered(to: string, text: string): void
  /** It has not. */
  undelivered(to: string, text: string, code: string): void
}

/** Lines of text from everybody to everybody in a room, each confirmed by each. */
export class ChatRoom implements Disposable {
  readonly #mesh: Mesh
  readonly #listener: ChatListener
  readonly #options: ChatRoomOptions
  readonly #unhandle: () => void
  readonly #settled: AbortSignal
  readonly #inFlight = new Set<Promise<void>>()
  #heard = false

  constructor(mesh: Mesh, listener: ChatListener, options: ChatRoomOptions) {
    this.#mesh = mesh
    this.#listener = listener
    this.#options = options
    this.#settled = AbortSignal.timeout(SETTLE_MS)
    this.#unhandle = mesh.handle<unknown>(LINE_TYPE, (payload, { peer }) =>
      listener.message(peer.peerId, lineOf(payload))
    )
  }

  /**
   * Sends a line to everybody who is connected. Resolves when the next one may come, not when all have confirmed.
   *
   * @throws {UndeliveredError} nobody came to hear it within `waitMs`
   */
  async say(text: string): Promise<void> {
    if (!this.#heard) {
      await this.#sayFirst(text)
      this.#heard = true
      return
    }
    while (this.#inFlight.size >= MAX_IN_FLIGHT) {
      await Promise.race(this.#inFlight)
    }
    const delivery = this.#handToAll(this.#mesh.peers, text).then(() => {
      this.#inFlight.delete(delivery)
    })
    this.#inFlight.add(delivery)
  }

  /** Resolves when every line has been confirmed or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  [Symbol.dispose](): void {
    this.#unhandle()
  }

  /** A line that is said into an empty room, or before everybody is there, waits. */
  async #sayFirst(text: string): Promise<void> {
    const { signal, waitMs } = this.#options
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const tried = new Set<MeshPeer>()
    const settled = AbortSignal.any([deadline, this.#settled])
    while (!this.#everybodyIsHere() && !settled.aborted) {
      await this.#connected(settled)
    }
    for (;;) {
      signal.throwIfAborted()
      const peers = this.#mesh.peers.filter((peer) => !tried.has(peer))
      if (peers.length === 0 && deadline.aborted) {
        throw new UndeliveredError(
          'nobody in the room came to hear a line; check --room, --bootstrap and the password, or wait longer with --wait'
        )
      }
      for (const peer of peers) {
        tried.add(peer)
      }
      if (await this.#handToAll(peers, text)) {
        return
      }
      if (this.#mesh.peers.every((peer) => tried.has(peer))) {
        await this.#connected(deadline)
      }
    }
  }

  #everybodyIsHere(): boolean {
    const { members } = this.#mesh
    return members.length > 0 && members.every(({ peerId }) => this.#mesh.peer(peerId) !== undefined)
  }

  /** @returns whether anybody has confirmed it */
  async #handToAll(peers: readonly MeshPeer[], text: string): Promise<boolean> {
    const confirmed = await Promise.all(peers.map((peer) => this.#hand(peer, text)))
    return confirmed.includes(true)
  }

  async #hand(peer: MeshPeer, text: string): Promise<boolean> {
    const { signal } = this.#options
    try {
      await peer.request(LINE_TYPE, { text }, { signal, timeoutMs: CONFIRM_TIMEOUT_MS })
      this.#listener.delivered(peer.peerId, text)
      return true
    } catch (error) {
      const code = errorCodeOf(error) ?? 'ERR_UNKNOWN'
      // Who runs no chat is in the room for something else; when we stop ourselves, there is no news in it.
      if (code !== 'ERR_NO_HANDLER' && !signal.aborted) {
        this.#listener.undelivered(peer.peerId, text, code)
      }
      return false
    }
  }

  /** The next peer is connected, or time is up. */
  async #connected(until: AbortSignal): Promise<void> {
    if (until.aborted) {
      return
    }
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const done = (): void => {
      resolve(undefined)
    }
    this.#mesh.addEventListener('peer:connected', done)
    until.addEventListener('abort', done)
    try {
      await promise
    } finally {
      this.#mesh.removeEventListener('peer:connected', done)
      until.removeEventListener('abort', done)
    }
  }
}

/** The text in a payload; what throws here is told to the sender. */
function lineOf(payload: unknown): string {
  const text = typeof payload === 'object' && payload !== null && 'text' in payload ? payload.text : undefined
  if (typeof text !== 'string' || text.length > MAX_LINE_LENGTH) {
    throw new TypeError(`a line is { text } with at most ${MAX_LINE_LENGTH} characters`)
  }
  return text
}
