import {
  comparePeerIds,
  DialPendingError,
  NoPathError,
  SignalingTimeoutError,
  type DialOptions,
  type DialOutcome,
  type IncomingOffer,
  type RefusalCode,
  type Signaler,
  type SignalingSession
} from '@hearsay/signaling'
import { InMemorySignalingSession } from './in-memory-signaling-session.ts'
import type { HubClock } from './signaling-hub.ts'

/** What a member needs of its hub. */
export interface HubPort {
  readonly clock: HubClock
  findPeer(peerId: string): InMemorySignaler | undefined
  makeKey(): Uint8Array
  /** @returns when it arrives */
  readonly transmit: (to: string, notBefore: number, deliver: () => void) => number
}

const PATH = 'memory'
const DEFAULT_TIMEOUT_MS = 10_000

/** A dial that waits for its outcome. */
interface PendingDial {
  readonly settle: (outcome: DialOutcome) => void
  isSettled: boolean
}

/** One member of a `SignalingHub`. */
export class InMemorySignaler implements Signaler {
  readonly localPeer: string
  readonly instance: Uint8Array
  readonly #admit: (remotePeer: string) => boolean
  readonly #port: HubPort
  readonly #pending = new Map<string, PendingDial>()
  readonly #sessions = new Map<string, InMemorySignalingSession>()
  #handler: ((offer: IncomingOffer) => void) | undefined
  #vanished = false

  constructor(
    localPeer: string,
    instance: Uint8Array,
    admit: (remotePeer: string) => boolean,
    port: HubPort
  ) {
    this.localPeer = localPeer
    this.instance = instance
    this.#admit = admit
    this.#port = port
  }

  setOfferHandler(handler: ((offer: IncomingOffer) => void) | undefined): void {
    this.#handler = handler
  }

  async dial(remotePeer: string, offer: Uint8Array, options: DialOptions = {}): Promise<DialOutcome> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options
    signal?.throwIfAborted()
    const target = this.#port.findPeer(remotePeer)
    if (target === undefined || this.#vanished) throw new NoPathError(remotePeer)
    if (this.#pending.has(remotePeer)) throw new DialPendingError(remotePeer)
    const { promise, resolve, reject } = Promise.withResolvers<DialOutcome>()
    const dial: PendingDial = { settle: resolve, isSettled: false }
    this.#pending.set(remotePeer, dial)
    const onAbort = (): void => reject(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort)
    const timer = this.#port.clock.setTimeout(
      () => reject(new SignalingTimeoutError(remotePeer, timeoutMs)),
      timeoutMs
    )
    const bytes = offer.slice()
    this.#port.transmit(remotePeer, 0, () => target.receiveOffer(this, bytes, dial))
    try {
      return await promise
    } finally {
      dial.isSettled = true
      this.#pending.delete(remotePeer)
      signal?.removeEventListener('abort', onAbort)
      this.#port.clock.clearTimeout(timer)
    }
  }

  /** The process is gone: nothing it has begun goes on. */
  vanish(): void {
    this.#vanished = true
    this.#handler = undefined
    for (const session of this.#sessions.values()) session.end('local')
  }

  askRehandshake(remotePeer: string): void {
    this.#sessions.get(remotePeer)?.safeDispatchEvent('rehandshake')
  }

  receiveOffer(from: InMemorySignaler, offer: Uint8Array, dial: PendingDial): void {
    // A dial that was given up is void: its offer must not disturb what came after it.
    if (this.#vanished || dial.isSettled) return
    const own = this.#pending.get(from.localPeer)
    const isGlare = own !== undefined && !own.isSettled
    // The impolite side ignores a crossing offer; its own is on its way.
    if (isGlare && comparePeerIds(this.localPeer, from.localPeer) > 0) return
    const refuse = (code: RefusalCode): void => {
      this.#port.transmit(from.localPeer, 0, () => dial.settle({ outcome: 'refused', code }))
    }
    if (!this.#admit(from.localPeer)) {
      refuse('not-admitted')
      return
    }
    if (this.#handler === undefined) {
      refuse('busy')
      return
    }
    if (isGlare) {
      own.isSettled = true
      own.settle({ outcome: 'yielded' })
    }
    this.#handler({
      remotePeer: from.localPeer,
      remoteInstance: from.instance,
      offer,
      path: PATH,
      wonGlare: isGlare,
      answer: (answer) => this.#answer(from, answer.slice(), dial),
      refuse
    })
  }

  /** A newer session with the same peer takes the place of an older one. */
  adopt(session: InMemorySignalingSession): void {
    this.#sessions.get(session.remotePeer)?.end('replaced')
    this.#sessions.set(session.remotePeer, session)
  }

  #answer(from: InMemorySignaler, answer: Uint8Array, dial: PendingDial): SignalingSession {
    const helloKey = this.#port.makeKey()
    const transmit = this.#port.transmit
    const ours = new InMemorySignalingSession({
      remotePeer: from.localPeer,
      remoteInstance: from.instance,
      role: 'responder',
      path: PATH,
      helloKey,
      transmit: (notBefore, deliver) => transmit(from.localPeer, notBefore, deliver)
    })
    const theirs = new InMemorySignalingSession({
      remotePeer: this.localPeer,
      remoteInstance: this.instance,
      role: 'initiator',
      path: PATH,
      helloKey,
      transmit: (notBefore, deliver) => from.#port.transmit(this.localPeer, notBefore, deliver)
    })
    ours.pair(theirs)
    this.adopt(ours)
    ours.deliver(() => {
      if (dial.isSettled) {
        theirs.close()
        return
      }
      dial.isSettled = true
      from.adopt(theirs)
      dial.settle({ outcome: 'answered', session: theirs, answer })
    })
    return ours
  }
}
