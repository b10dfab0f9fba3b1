import { ChunkType, encodeChunk } from '../packet/chunk.ts'
import { CauseCode, encodeAbortChunk, encodeErrorChunk } from '../packet/error-cause.ts'
import { encodeInitChunk, readInitChunk, type InitChunk } from '../packet/init-chunk.ts'
import { joinParameters } from '../packet/parameter.ts'
import { padded, writeUint32 } from '../packet/bytes.ts'
import { RetransmissionTimeout } from '../tx/rto.ts'
import type { AssociationContext } from './association-context.ts'
import { newChunkTimer, noteSent, repeatChunk, type ChunkTimer } from './chunk-timer.ts'
import {
  decodeStateCookie,
  encodeStateCookie,
  type AgreedParameters,
  type StateCookie
} from './state-cookie.ts'
import type { TransmissionControlBlock } from './transmission-control-block.ts'

/** Verification tag and first TSN of an incarnation of ours. */
interface LocalIdentity {
  tag: number
  initialTsn: number
}

/** What a valid COOKIE ECHO means to an association that exists (RFC 9260 section 5.2.4, table 12). */
export type CookieAction = 'restart' | 'collision' | 'repeated' | 'discard'

/** RFC 9260 table 12: M is a match, X none. */
export function cookieAction(cookie: StateCookie, current: AgreedParameters): CookieAction {
  const localMatches = cookie.agreed.localTag === current.localTag
  const peerMatches = cookie.agreed.peerTag === current.peerTag
  if (localMatches) {
    return peerMatches ? 'repeated' : 'collision'
  }
  const tied = cookie.localTieTag === current.localTag && cookie.peerTieTag === current.peerTag
  return !peerMatches && tied ? 'restart' : 'discard'
}

/** Four-way handshake, collision and restart (RFC 9260 sections 5.1 and 5.2). */
export class Handshake {
  readonly #context: AssociationContext
  /**
   * One identity for INIT and for the INIT ACKs sent before there is an association: where both sides start, each
   * knows the other under one tag, whichever chunk comes first.
   */
  readonly #local: LocalIdentity
  readonly #rto: RetransmissionTimeout

  constructor(context: AssociationContext) {
    this.#context = context
    this.#local = {
      tag: context.newTag(),
      initialTsn: context.options.initialTsn ?? context.random() >>> 0
    }
    this.#rto = new RetransmissionTimeout(context.options)
  }

  get localTag(): number {
    return this.#local.tag
  }

  connect(now: number): void {
    this.#context.transition({ name: 'cookie-wait', timer: newChunkTimer(now) })
  }

  encodeInit(): Uint8Array {
    return encodeInitChunk(ChunkType.init, this.#initChunk(this.#local))
  }

  /** INIT, in any state. The answer is computed from it alone; nothing is kept (section 5.1). */
  handleInit(bytes: Uint8Array, start: number, end: number, now: number): void {
    const { outbox, counters, state } = this.#context
    if (state.name === 'closed' && state.ended !== undefined) {
      counters.droppedUnexpected++
      return
    }
    if (!outbox.hasRoomForReply()) {
      return
    }
    const reading = readInitChunk(bytes, start, end)
    if (reading.kind === 'malformed') {
      counters.droppedMalformed++
      return
    }
    if (reading.kind === 'unresolvable') {
      const cause = { code: CauseCode.unresolvableAddress, info: reading.parameter }
      outbox.reply(reading.initiateTag, encodeAbortChunk(0, cause))
      return
    }
    if (reading.kind === 'invalid') {
      counters.droppedMalformed++
      if (reading.initiateTag !== 0) {
        // Without an initiate tag there is nobody to answer (section 3.3.2).
        const cause = { code: CauseCode.invalidMandatoryParameter, info: new Uint8Array(0) }
        outbox.reply(reading.initiateTag, encodeAbortChunk(0, cause))
      }
      return
    }
    if (state.name === 'shutdown-ack-sent') {
      // Section 9.2: this association is to end first.
      state.timer.due = true
      return
    }
    const { init, unrecognized } = reading
    const inHandshake =
      state.name === 'closed' || state.name === 'cookie-wait' || state.name === 'cookie-echoed'
    const local = inHandshake
      ? this.#local
      : { tag: this.#context.newTag(), initialTsn: this.#context.random() >>> 0 }
    const current = this.#context.block?.agreed
    const stateCookie = encodeStateCookie(
      {
        agreed: this.#agree(local, init),
        localTieTag: inHandshake ? 0 : (current?.localTag ?? 0),
        peerTieTag: inHandshake ? 0 : (current?.peerTag ?? 0),
        createdAt: now
      },
      this.#context.authenticate
    )
    const initAck = encodeInitChunk(
      ChunkType.initAck,
      { ...this.#initChunk(local), stateCookie },
      unrecognized
    )
    outbox.reply(init.initiateTag, initAck)
  }

  handleInitAck(bytes: Uint8Array, start: number, end: number, now: number): void {
    const { state, counters, options } = this.#context
    if (state.name !== 'cookie-wait') {
      counters.droppedUnexpected++
      return
    }
    const reading = readInitChunk(bytes, start, end)
    if (reading.kind === 'malformed') {
      counters.droppedMalformed++
      return
    }
    const cookie = reading.kind === 'init' ? reading.init.stateCookie : undefined
    if (reading.kind !== 'init' || cookie === undefined) {
      this.#context.close({
        kind: 'protocol-violation',
        explanation: 'INIT ACK with an impossible value, without a state cookie or with a host name address'
      })
      return
    }
    const parts = [encodeChunk(ChunkType.cookieEcho, 0, cookie)]
    if (reading.unrecognized.length > 0) {
      const info = joinParameters(reading.unrecognized)
      parts.push(encodeErrorChunk({ code: CauseCode.unrecognizedParameters, info }))
    }
    const cookieEcho = joinParameters(parts)
    if (padded(cookieEcho.length) > options.basePacketSize / 2) {
      // It has to share its packet, and no honest cookie is so long.
      counters.droppedCookie++
      return
    }
    this.#measure(state.timer, now)
    this.#context.transition({
      name: 'cookie-echoed',
      block: this.#context.newBlock(this.#agree(this.#local, reading.init), this.#rto, now),
      timer: newChunkTimer(now),
      cookieEcho
    })
  }

  /**
   * COOKIE ECHO, in any state, in a packet with `verificationTag`; true where the association exists afterwards and
   * the rest of the packet is meant for it.
   */
  handleCookieEcho(
    bytes: Uint8Array,
    start: number,
    end: number,
    verificationTag: number,
    now: number
  ): boolean {
    const { state, counters, options, authenticate } = this.#context
    const cookie = decodeStateCookie(bytes.subarray(start + 4, end), authenticate)
    if (
      cookie?.agreed.localTag !== verificationTag ||
      (state.name === 'closed' && state.ended !== undefined)
    ) {
      counters.droppedCookie++
      return false
    }
    const current = this.#context.block?.agreed
    const known = current?.localTag === cookie.agreed.localTag && current.peerTag === cookie.agreed.peerTag
    const age = now - cookie.createdAt
    if (!known && !(age >= 0 && age <= options.cookieLifetime)) {
      counters.droppedCookie++
      this.#replyStale(cookie, age - options.cookieLifetime)
      return false
    }
    const { block } = this.#context
    if (block === undefined) {
      if (cookie.agreed.localTag !== this.#local.tag) {
        counters.droppedCookie++
        return false
      }
      this.#establish(this.#context.newBlock(cookie.agreed, this.#rto, now), now)
      return true
    }
    return this.#handleKnownPeer(cookie, block, now)
  }

  handleCookieAck(now: number): void {
    const { state } = this.#context
    if (state.name === 'cookie-echoed') {
      this.#measure(state.timer, now)
      this.#context.establish(state.block, now)
    }
  }

  /** ERROR with cause Stale Cookie (section 5.2.6): the handshake begins anew. */
  handleStaleCookie(now: number): void {
    const { state, queue } = this.#context
    if (state.name === 'cookie-echoed') {
      queue.restore(state.block.sender.unacknowledged())
      const timer = { ...newChunkTimer(now), transmissions: state.timer.transmissions }
      this.#context.transition({ name: 'cookie-wait', timer })
    }
  }

  /** T1-init or T1-cookie (sections 5.1.6 and 16). */
  handleTimeout(now: number): void {
    const { state, options } = this.#context
    if ((state.name !== 'cookie-wait' && state.name !== 'cookie-echoed') || state.timer.expiresAt > now) {
      return
    }
    if (state.timer.transmissions > options.maxInitRetransmits) {
      this.#context.close({ kind: 'timeout', during: 'handshake' })
      return
    }
    this.#rto.backOff()
    if (state.name === 'cookie-echoed') {
      // What was bundled with the cookie goes again with it.
      state.block.sender.loseAll()
    }
    repeatChunk(state.timer)
  }

  /** The chunk of `timer` goes out. */
  onSent(timer: ChunkTimer, now: number): void {
    noteSent(timer, this.#rto.value, now)
  }

  #handleKnownPeer(cookie: StateCookie, block: TransmissionControlBlock, now: number): boolean {
    const { state, queue, events, outbox, counters } = this.#context
    switch (cookieAction(cookie, block.agreed)) {
      case 'restart':
        if (state.name === 'shutdown-ack-sent') {
          state.timer.due = true
          outbox.add(encodeErrorChunk({ code: CauseCode.cookieWhileShuttingDown, info: new Uint8Array(0) }))
          return false
        }
        queue.restore(block.sender.unacknowledged())
        this.#establish(this.#context.newBlock(cookie.agreed, this.#newRto(), now), now)
        events.push({ type: 'restarted' })
        return true
      case 'collision':
        if (state.name !== 'cookie-echoed') {
          counters.droppedCookie++
          return false
        }
        queue.restore(block.sender.unacknowledged())
        this.#establish(this.#context.newBlock(cookie.agreed, this.#rto, now), now)
        return true
      case 'repeated':
        if (state.name === 'cookie-echoed') {
          this.#establish(block, now)
        } else {
          this.#acknowledgeCookie()
        }
        return true
      case 'discard':
        counters.droppedCookie++
        return false
    }
  }

  #establish(block: TransmissionControlBlock, now: number): void {
    this.#context.outbox.clearChunks()
    this.#acknowledgeCookie()
    this.#context.establish(block, now)
  }

  #acknowledgeCookie(): void {
    this.#context.outbox.add(encodeChunk(ChunkType.cookieAck, 0, new Uint8Array(0)))
  }

  #replyStale(cookie: StateCookie, staleness: number): void {
    // Measure of Staleness, microseconds (section 3.3.10.3).
    const info = new Uint8Array(4)
    writeUint32(info, 0, Math.min(0xffffffff, Math.max(0, Math.round(1000 * staleness))))
    this.#context.outbox.reply(cookie.agreed.peerTag, encodeErrorChunk({ code: CauseCode.staleCookie, info }))
  }

  #newRto(): RetransmissionTimeout {
    return new RetransmissionTimeout(this.#context.options)
  }

  /** The first round trip, where it is known which transmission was answered. */
  #measure(timer: ChunkTimer, now: number): void {
    if (timer.transmissions === 1) {
      this.#rto.measure(now - timer.sentAt)
    }
  }

  #initChunk(local: LocalIdentity): InitChunk {
    const { options } = this.#context
    return {
      initiateTag: local.tag,
      advertisedWindow: options.receiveWindow,
      outboundStreams: options.outboundStreams,
      inboundStreams: options.inboundStreams,
      initialTsn: local.initialTsn,
      forwardTsn: true,
      reConfig: true,
      zeroChecksum: options.zeroChecksum
    }
  }

  #agree(local: LocalIdentity, peer: InitChunk): AgreedParameters {
    const { options } = this.#context
    return {
      localTag: local.tag,
      peerTag: peer.initiateTag,
      localInitialTsn: local.initialTsn,
      peerInitialTsn: peer.initialTsn,
      peerWindow: peer.advertisedWindow,
      outboundStreams: Math.min(options.outboundStreams, peer.inboundStreams),
      inboundStreams: Math.min(options.inboundStreams, peer.outboundStreams),
      forwardTsn: peer.forwardTsn,
      reConfig: peer.reConfig,
      zeroChecksum: options.zeroChecksum && peer.zeroChecksum
    }
  }
}
