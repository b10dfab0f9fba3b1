import type { ChannelSet } from './channels/channel-set.ts'
import type { Clock } from './clock.ts'
import { isGraceful, type CloseReason } from './close-reason.ts'
import { HANG_UP_WAIT_MS } from './constants.ts'
import type { PeerLink } from './negotiation/peer-link.ts'

interface FarewellInit {
  readonly link: PeerLink
  readonly channels: ChannelSet
  readonly clock: Clock
  readonly flushTimeoutMs: number
}

/**
 * The end of a session that can still talk (docs/specs/session.md, "close"): everything queued, `fin` on each channel,
 * `bye`; and `bye-ack` once all that was announced has arrived. Each wait is bounded.
 */
export class Farewell {
  readonly #init: FarewellInit
  readonly #hurry = new AbortController()
  readonly #acknowledged = Promise.withResolvers<undefined>()
  #progress: (() => void) | undefined
  #peerKnows = false

  constructor(init: FarewellInit) {
    this.#init = init
  }

  /**
   * The peer ended it, or has said that it knows of the end: it need not be told in any other way. Before `hello` that
   * may have been anybody.
   */
  get peerKnows(): boolean {
    return this.#peerKnows
  }

  /** We end it. Resolves when the peer has everything and knows why, or the deadline has passed. */
  async say(reason: CloseReason): Promise<void> {
    const { link, channels, flushTimeoutMs } = this.#init
    const isOrderly = link.isVerified && isGraceful(reason)
    if (isOrderly) {
      await this.#within(flushTimeoutMs, (signal) => channels.drain(signal))
      channels.sendFins()
    }
    const { code, message } = reason
    if (!link.control.send({ type: 'bye', reason: { code, message } })) return
    await this.#within(isOrderly ? flushTimeoutMs : HANG_UP_WAIT_MS, () => this.#acknowledged.promise)
  }

  /** The peer ended it. Resolves when it has hung up, or the deadline has passed. */
  async reply(): Promise<void> {
    this.#notePeerKnows()
    const { link, channels, flushTimeoutMs } = this.#init
    if (link.isVerified) {
      await this.#within(flushTimeoutMs, async () => {
        while (!channels.haveReceivedAll && !this.#hurry.signal.aborted) {
          await new Promise<void>((resolve) => (this.#progress = resolve))
        }
      })
    }
    if (!link.control.send({ type: 'bye-ack' })) return
    await this.#within(HANG_UP_WAIT_MS)
  }

  /** The peer said goodbye too, while we did. */
  handleBye(): void {
    this.#notePeerKnows()
    this.#init.link.control.send({ type: 'bye-ack' })
  }

  handleByeAck(): void {
    this.#notePeerKnows()
    this.#acknowledged.resolve(undefined)
  }

  /** A channel has received all that it was told of, or closed. */
  handleProgress(): void {
    this.#progress?.()
  }

  /** The connection is gone, or nobody wants to wait any longer. */
  hurry(): void {
    this.#hurry.abort()
    this.#progress?.()
  }

  #notePeerKnows(): void {
    this.#peerKnows ||= this.#init.link.isVerified
  }

  /** Waits for `work`, which may be nothing, until a deadline or `hurry()`. */
  async #within(limitMs: number, work?: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { clock } = this.#init
    const over = Promise.withResolvers<undefined>()
    const controller = new AbortController()
    const finish = (): void => {
      controller.abort()
      over.resolve(undefined)
    }
    const timer = clock.setTimeout(finish, limitMs)
    const { signal } = this.#hurry
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
    try {
      await (work === undefined ? over.promise : Promise.race([work(controller.signal), over.promise]))
    } finally {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', finish)
    }
  }
}
