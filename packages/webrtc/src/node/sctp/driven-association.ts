import { createHmac, randomBytes } from 'node:crypto'
import {
  SctpAssociation as SctpCore,
  type CloseReason,
  type SctpEvent,
  type SendOptions
} from '@hearsay/sctp'
import {
  MAX_PACKET_SIZE,
  type SctpAssociation,
  type SctpAssociationInit,
  type SctpHandlers
} from './association.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { StreamResets } from './stream-resets.ts'

/** Streams offered each way: as many as libwebrtc takes. Each may become a channel that the peer opens. */
const MAX_STREAMS = 1024
/** Packets sent in a row before the event loop has its turn: about half a millisecond. */
const MAX_BURST = 32
/**
 * Packets taken in a row without an acknowledgement. A peer in slow start grows by a packet an acknowledgement (RFC 9260
 * §7.2.1), so there are more of them to begin with; later as many as come in one turn are answered in one.
 */
const MAX_UNANSWERED = 32
const MAX_UNANSWERED_AT_FIRST = 8
const FIRST_PACKETS = 1024
/** Signs the state cookies of all associations of this process. */
const COOKIE_KEY = randomBytes(32)

/**
 * `@hearsay/sctp` with a clock and a timer. What is to be sent goes once this turn's script has run, what is to be
 * acknowledged once all sockets have been read; long bursts take turns with the rest of the event loop.
 */
export class DrivenSctpAssociation implements SctpAssociation {
  readonly #core: SctpCore
  readonly #init: SctpAssociationInit
  readonly #handlers: SctpHandlers
  readonly #timer = new DeadlineTimer(() => {
    this.#core.handleTimeout(performance.now())
    this.#dispatchEvents()
    this.#flushAtTurnEnd()
  })
  readonly #resets = new StreamResets()
  /** Bytes of `send()` that have not left, by stream. */
  readonly #buffered = new Map<number, { bytes: number }>()
  #unanswered = 0
  #received = 0
  #flushesAtTurnEnd = false
  #flushesAfterScript = false
  #over = false

  constructor(init: SctpAssociationInit, handlers: SctpHandlers) {
    this.#init = init
    this.#handlers = handlers
    this.#core = new SctpCore({
      random: () => randomBytes(4).readUInt32LE(),
      authenticate: (bytes) => createHmac('sha256', COOKIE_KEY).update(bytes).digest(),
      options: {
        localPort: init.localPort,
        remotePort: init.remotePort,
        maxMessageSize: init.maxMessageSize,
        inboundStreams: MAX_STREAMS,
        outboundStreams: MAX_STREAMS,
        // Each channel bounds its own.
        maxSendBuffer: Number.MAX_SAFE_INTEGER,
        maxPacketSize: MAX_PACKET_SIZE,
        shortPathWindow: init.shortPathWindow,
        sackEveryPackets: MAX_UNANSWERED_AT_FIRST,
        // DTLS has authenticated every packet.
        zeroChecksum: true
      }
    })
  }

  start(): void {
    if (this.#over || !this.#init.initiates) return
    this.#core.connect(performance.now())
    this.#flush()
  }

  handlePacket(packet: Uint8Array, now: number): void {
    if (this.#over) return
    this.#core.handlePacket(packet, now)
    this.#dispatchEvents()
    const limit = this.#received < FIRST_PACKETS ? MAX_UNANSWERED_AT_FIRST : MAX_UNANSWERED
    this.#received++
    if (++this.#unanswered === limit) this.#sendPackets(1)
    this.#flushAtTurnEnd()
  }

  send(streamId: number, ppid: number, data: Uint8Array, options: SendOptions): void {
    if (this.#resets.isPutOff(streamId)) {
      this.#resets.putOff(streamId, () => {
        this.send(streamId, ppid, data, options)
      })
      return
    }
    if (!this.#takesMessages) return
    // Only what expires needs to know the time, and to tell it is a good part of what a small message costs.
    const now = options.maxPacketLifeTimeMs === undefined ? 0 : performance.now()
    this.#core.send(streamId, ppid, data, options, now)
    const buffered = this.#buffered.get(streamId)
    if (buffered === undefined) this.#buffered.set(streamId, { bytes: data.length })
    else buffered.bytes += data.length
    this.#flushAfterScript()
  }

  resetStream(streamId: number): void {
    if (this.#resets.isPutOff(streamId)) {
      this.#resets.putOff(streamId, () => {
        this.resetStream(streamId)
      })
      return
    }
    if (!this.#takesMessages) return
    this.#resets.onRequest(streamId)
    this.#core.resetStreams([streamId])
    this.#flushAfterScript()
  }

  setPriority(streamId: number, priority: number): void {
    if (this.#resets.isPutOff(streamId)) {
      this.#resets.putOff(streamId, () => {
        this.setPriority(streamId, priority)
      })
    } else if (this.#takesMessages) {
      this.#core.setPriority(streamId, priority)
    }
  }

  handlePathChange(): void {
    if (this.#over) return
    this.#core.handlePathChange(performance.now())
    this.#flushAfterScript()
  }

  abort(): void {
    if (this.#over) return
    this.#core.abort()
    this.#end()
  }

  /** False once the peer has begun to shut the association down, which is about to be told by `onClosed`. */
  get #takesMessages(): boolean {
    const { state } = this.#core
    return !this.#over && (state === 'established' || state === 'cookie-wait' || state === 'cookie-echoed')
  }

  #dispatchEvents(): void {
    for (let event; !this.#over && (event = this.#core.pollEvent()) !== undefined;) this.#dispatch(event)
  }

  #dispatch(event: SctpEvent): void {
    switch (event.type) {
      case 'message':
        if (this.#resets.onMessage(event.streamId)) this.#handlers.onOutgoingReset(event.streamId)
        this.#handlers.onMessage(event.streamId, event.ppid, event.data)
        return
      case 'connected':
        this.#handlers.onConnected(Math.min(event.outboundStreams, event.inboundStreams))
        return
      case 'incoming-streams-reset':
        for (const streamId of event.streamIds.length > 0 ? event.streamIds : Array(MAX_STREAMS).keys()) {
          this.#onIncomingReset(streamId)
        }
        return
      case 'outgoing-reset-requested':
        for (const streamId of event.streamIds) {
          this.#resets.onRequest(streamId)
          this.#handlers.onResetRequested(streamId)
        }
        return
      case 'outgoing-streams-reset':
      // A peer that refuses breaks RFC 8831 §6.7; to us the stream is done with all the same.
      case 'outgoing-streams-reset-failed':
        for (const streamId of event.streamIds) this.#onOutgoingReset(streamId)
        return
      case 'restarted':
        // Under the same DTLS connection: a peer that has forgotten its channels, which RFC 8831 does not provide for.
        this.#core.abort('restart')
        this.#close(undefined)
        return
      case 'closed':
        this.#close(causeCodeOf(event.reason))
        return
      case 'state-change':
      case 'buffered-amount-low':
        return
    }
  }

  #onIncomingReset(streamId: number): void {
    if (streamId >= MAX_STREAMS) return
    this.#resets.onIncomingReset(streamId)
    this.#handlers.onIncomingReset(streamId)
  }

  #onOutgoingReset(streamId: number): void {
    const putOff = this.#resets.onOutgoingReset(streamId)
    if (putOff === undefined) this.#handlers.onOutgoingReset(streamId)
    for (const action of putOff ?? []) action()
  }

  #close(causeCode: number | undefined): void {
    this.#end()
    this.#handlers.onClosed(causeCode)
  }

  /** Nothing follows but the last words. */
  #end(): void {
    this.#sendPackets(MAX_BURST)
    this.#over = true
    this.#timer.clear()
    this.#buffered.clear()
  }

  #flushAfterScript(): void {
    if (this.#flushesAfterScript || this.#flushesAtTurnEnd) return
    this.#flushesAfterScript = true
    queueMicrotask(() => {
      this.#flushesAfterScript = false
      this.#flush()
    })
  }

  #flushAtTurnEnd(): void {
    if (this.#flushesAtTurnEnd) return
    this.#flushesAtTurnEnd = true
    setImmediate(() => {
      this.#flushesAtTurnEnd = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#over) return
    const isBurst = this.#sendPackets(MAX_BURST)
    this.#dispatchEvents()
    if (this.#over) return
    this.#tellSent()
    this.#timer.set(this.#core.pollTimeout(), performance.now())
    if (isBurst) this.#flushAtTurnEnd()
  }

  /** Sends what is due, beginning with acknowledgements; true where more may be. */
  #sendPackets(limit: number): boolean {
    this.#unanswered = 0
    this.#core.flush()
    for (let count = 0; count < limit; count++) {
      const length = this.#over ? 0 : this.#core.pollPacket(this.#handlers.packetBuffer, performance.now())
      if (length === 0) return false
      this.#handlers.onPacket(length)
    }
    return true
  }

  #tellSent(): void {
    for (const [streamId, buffered] of this.#buffered) {
      const before = buffered.bytes
      const after = this.#core.bufferedAmount(streamId)
      if (after === before) continue
      if (after === 0) this.#buffered.delete(streamId)
      else buffered.bytes = after
      this.#handlers.onSent(streamId, before - after)
    }
  }
}

function causeCodeOf(reason: CloseReason): number | undefined {
  return reason.kind === 'aborted-by-peer' ? reason.causes.at(0)?.code : undefined
}
