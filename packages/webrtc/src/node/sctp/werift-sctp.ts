import { RTCSctpTransport } from 'werift'
import { UnsupportedDependencyError } from '../../errors.ts'
import type { SctpAssociation, SctpAssociationInit, SctpHandlers, SctpSendOptions } from './association.ts'
import { isWellFormedPacket } from './packet-shape.ts'
import { pruneReassembly, type ReassemblyChunk } from './reassembly.ts'
import { SendQueue } from './send-queue.ts'

/** Streams offered each way: as many as libwebrtc takes. Each may become a channel that the peer opens. */
export const MAX_STREAMS = 1024
/** Chunks handed to werift ahead of time; its own queue costs more the longer it is. */
const MAX_QUEUED_CHUNKS = 64
/** Before the first round-trip measurement, in seconds (RFC 9260 §16; werift says 3). */
const RTO_INITIAL_S = 1
/** What may lie unfinished beyond the window that we advertise, before we take the peer for hostile. */
const WINDOW_SLACK_BYTES = 1 << 20
const RECONFIG_OUTGOING_RESET = 13
const RECONFIG_RESPONSE = 16
const RECONFIG_PERFORMED = 1
const RECONFIG_IN_PROGRESS = 6
const LAST_FRAGMENT = 1

interface WeriftChunk {
  readonly streamId: number
  readonly streamSeqNum: number
  readonly flags: number
  readonly tsn: number
  readonly maxRetransmits?: number
  readonly expiry?: number
  readonly sentCount: number
  readonly bookSize: number
  readonly acked: boolean
  abandoned: boolean
  retransmit: boolean
}

interface ReconfigParameter {
  readonly type: number
  readonly requestSequence?: number
  readonly streams?: number[]
  readonly responseSequence?: number
  readonly result?: number
  readonly lastTsn?: number
  readonly bytes?: Uint8Array
}

/** werift's `SCTP`, which it does not export. */
interface WeriftSctp {
  isServer: boolean
  rto: number
  state: string
  isStopping: boolean
  advertisedRwnd: number
  readonly maxChannels: number | undefined
  readonly maxPayloadSize: number
  readonly lastReceivedTsn: number | undefined
  flightSize: number
  outboundQueue: WeriftChunk[]
  sentQueue: WeriftChunk[]
  reconfigQueue: number[]
  reconfigRequest: { requestSequence: number; streams: number[] } | undefined
  reconfigResponseSeq: number
  inboundStreams: Record<number, { reassembly: ReassemblyChunk[]; pruneChunks(tsn: number): number }>
  getInboundStream(streamId: number): { reassembly: ReassemblyChunk[]; pruneChunks(tsn: number): number }
  outboundStreamSeq: Record<number, unknown>
  _inboundStreamsMax: number
  _outboundStreamsCount: number
  flush: { execute(): void; asPromise(): Promise<unknown> }
  stateChanged: Record<'connected' | 'closed', { subscribe(handler: () => void): unknown }>
  onReceive: { subscribe(handler: (streamId: number, ppid: number, data: Buffer) => void): unknown }
  onSackReceived: () => Promise<void>
  start(remotePort: number): Promise<void>
  stop(): Promise<void>
  handleData(packet: Buffer): Promise<void>
  send(streamId: number, ppid: number, data: Buffer, options: object): Promise<void>
  transmitReconfigRequest(): Promise<void>
  forwardTsnChunk: { streams: [streamId: number, sequence: number][] } | undefined
  readonly advancedPeerAckTsn: number
  readonly lastSackedTsn: number
  updateAdvancedPeerAckPoint(): void
  sendReconfigParam(parameter: ReconfigParameter): Promise<void>
  receiveReconfigParam(parameter: ReconfigParameter): Promise<void>
  maybeAbandon(chunk: WeriftChunk): boolean
}

type WeriftSctpClass = new (
  transport: { onData: unknown; send(packet: Buffer): Promise<void>; close(): void },
  port: number
) => WeriftSctp

const METHODS = [
  'start',
  'stop',
  'handleData',
  'send',
  'transmitReconfigRequest',
  'sendReconfigParam',
  'receiveReconfigParam',
  'updateAdvancedPeerAckPoint',
  'getInboundStream',
  'maybeAbandon'
] as const satisfies (keyof WeriftSctp)[]

/**
 * SCTP by werift 0.25.2, with what is wrong in it put right from outside: a queue that grows quadratically dear, resets
 * that overtake data, abandoning the wrong message, `maxRetransmits: 0` taken for reliable, rejections nobody handles.
 */
export class WeriftSctpAssociation implements SctpAssociation {
  readonly #sctp: WeriftSctp
  readonly #init: SctpAssociationInit
  readonly #handlers: SctpHandlers
  readonly #queue = new SendQueue<SctpSendOptions>()
  /** Messages handed to werift whose last chunk has not been sent, by the count of chunks up to it. */
  readonly #leaving: { lastChunk: number; streamId: number; bytes: number }[] = []
  /** Streams to be reset once their data has arrived. */
  readonly #resetting = new Set<number>()
  #forwardTsn: WeriftSctp['forwardTsnChunk']
  #handedChunks = 0
  #pumping = false
  #over = false

  constructor(init: SctpAssociationInit, handlers: SctpHandlers) {
    this.#init = init
    this.#handlers = handlers
    const send = (packet: Buffer): Promise<void> => {
      handlers.onPacket(packet)
      return Promise.resolve()
    }
    const sctp = new (findSctpClass())({ onData: undefined, send, close: () => undefined }, init.localPort)
    for (const method of METHODS) {
      if (typeof sctp[method] !== 'function') throw missing(`SCTP.${method}`)
    }
    this.#sctp = sctp
    sctp.isServer = !init.initiates
    sctp.rto = RTO_INITIAL_S
    sctp._inboundStreamsMax = MAX_STREAMS
    sctp._outboundStreamsCount = MAX_STREAMS
    // Called whenever werift has sent what it may; its own event here is what makes long queues dear.
    sctp.flush = {
      execute: () => {
        this.#pump()
      },
      asPromise: () => new Promise(() => undefined)
    }
    sctp.onSackReceived = () => {
      this.#resetDrained()
      return Promise.resolve()
    }
    sctp.receiveReconfigParam = (parameter) => this.#onReconfig(parameter)
    const update = sctp.updateAdvancedPeerAckPoint.bind(sctp)
    sctp.updateAdvancedPeerAckPoint = () => {
      update()
      this.#repeatForwardTsn()
    }
    const getInboundStream = sctp.getInboundStream.bind(sctp)
    sctp.getInboundStream = (streamId) => {
      const stream = getInboundStream(streamId)
      // werift drops what has come of messages that are still to be completed, too.
      stream.pruneChunks = (tsn) => pruneReassembly(stream.reassembly, tsn)
      return stream
    }
    sctp.maybeAbandon = (chunk) => this.#maybeAbandon(chunk)
    sctp.stateChanged.connected.subscribe(() => {
      handlers.onConnected(sctp.maxChannels ?? MAX_STREAMS)
      this.#pump()
    })
    sctp.stateChanged.closed.subscribe(() => {
      this.#end(undefined)
    })
    sctp.onReceive.subscribe((streamId, ppid, data) => {
      this.#onMessage(streamId, ppid, data)
    })
  }

  start(): void {
    this.#sctp.start(this.#init.remotePort).catch(() => undefined)
  }

  handlePacket(packet: Uint8Array): void {
    const buffer = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength)
    if (this.#over || !isWellFormedPacket(buffer)) return
    // A packet that werift cannot use makes it throw; such a packet is lost, no more.
    this.#sctp.handleData(buffer).catch(() => undefined)
    if (this.#sctp.advertisedRwnd < -WINDOW_SLACK_BYTES) this.#fail()
  }

  send(streamId: number, ppid: number, data: Uint8Array, options: SctpSendOptions): void {
    if (this.#over) return
    this.#queue.push({ streamId, ppid, data, options })
    this.#pump()
  }

  resetStream(streamId: number): void {
    if (this.#over) return
    this.#resetting.add(streamId)
    this.#resetDrained()
  }

  handlePathChange(): void {
    // Its rate finds its way by itself, if slowly; its MTU is small enough for every path.
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    this.#queue.clear()
    this.#sctp.stop().catch(() => undefined)
  }

  /** Hands messages to werift as long as its queue is short, and tells of those that have left. */
  #pump(): void {
    if (this.#pumping || this.#over) return
    this.#pumping = true
    const sctp = this.#sctp
    while (sctp.state === 'connected' && sctp.outboundQueue.length < MAX_QUEUED_CHUNKS) {
      const message = this.#queue.shift()
      if (message === undefined) break
      const { streamId, ppid, data, options } = message
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      this.#handedChunks += Math.ceil(bytes.length / sctp.maxPayloadSize)
      this.#leaving.push({ lastChunk: this.#handedChunks, streamId, bytes: bytes.length })
      sctp.send(streamId, ppid, bytes, toWeriftOptions(options)).catch(() => undefined)
    }
    this.#pumping = false
    const sentChunks = this.#handedChunks - sctp.outboundQueue.length
    while (this.#leaving.length > 0 && this.#leaving[0].lastChunk <= sentChunks) {
      const { streamId, bytes } = this.#leaving.shift()!
      this.#handlers.onSent(streamId, bytes)
    }
  }

  #onMessage(streamId: number, ppid: number, data: Buffer): void {
    if (this.#over) return
    if (data.length > this.#init.maxMessageSize) this.#fail()
    else this.#handlers.onMessage(streamId, ppid, data)
  }

  /** Asks for the reset of streams on which nothing is under way any more. */
  #resetDrained(): void {
    const sctp = this.#sctp
    if (sctp.state !== 'connected' || this.#resetting.size === 0) return
    for (const streamId of this.#resetting) {
      const isOfStream = (chunk: WeriftChunk): boolean => chunk.streamId === streamId
      const busy =
        this.#queue.has(streamId) || sctp.outboundQueue.some(isOfStream) || sctp.sentQueue.some(isOfStream)
      if (busy) continue
      this.#resetting.delete(streamId)
      sctp.reconfigQueue.push(streamId)
    }
    sctp.transmitReconfigRequest().catch(() => undefined)
  }

  async #onReconfig(parameter: ReconfigParameter): Promise<void> {
    const sctp = this.#sctp
    if (parameter.type === RECONFIG_OUTGOING_RESET) {
      const { requestSequence = 0, streams = [], lastTsn = 0 } = parameter
      if (((lastTsn - (sctp.lastReceivedTsn ?? 0)) | 0) > 0) {
        // Some of the stream's data has not come yet: the peer will ask again (RFC 6525 §5.2.2, E4).
        const bytes = responseBytes(requestSequence, RECONFIG_IN_PROGRESS)
        await sctp.sendReconfigParam({ type: RECONFIG_RESPONSE, bytes })
        return
      }
      const isRepeated = sctp.reconfigResponseSeq === requestSequence
      sctp.reconfigResponseSeq = requestSequence
      await sctp.sendReconfigParam({
        type: RECONFIG_RESPONSE,
        bytes: responseBytes(requestSequence, RECONFIG_PERFORMED)
      })
      if (isRepeated) return
      for (const streamId of streams) {
        Reflect.deleteProperty(sctp.inboundStreams, streamId)
        this.#handlers.onIncomingReset(streamId)
      }
    } else if (parameter.type === RECONFIG_RESPONSE) {
      const request = sctp.reconfigRequest
      if (request === undefined || parameter.responseSequence !== request.requestSequence) return
      if (parameter.result !== RECONFIG_PERFORMED && parameter.result !== 0) return
      await this.#confirmReset(request.streams)
    }
  }

  async #confirmReset(streams: readonly number[]): Promise<void> {
    const sctp = this.#sctp as WeriftSctp & { timerReconfigCancel(): void }
    sctp.reconfigRequest = undefined
    sctp.timerReconfigCancel()
    for (const streamId of streams) {
      sctp.outboundStreamSeq[streamId] = 0
      this.#handlers.onOutgoingReset(streamId)
    }
    await sctp.transmitReconfigRequest()
  }

  /** Gives up all chunks of a message whose limit is reached; those not yet sent too (RFC 3758 §3.5, A3). */
  #maybeAbandon(chunk: WeriftChunk): boolean {
    if (chunk.abandoned) return true
    const { maxRetransmits, expiry, sentCount } = chunk
    const isOver =
      (maxRetransmits !== undefined && sentCount > maxRetransmits) ||
      (expiry !== undefined && expiry < Date.now() / 1000)
    if (!isOver) return false
    const { sentQueue, outboundQueue } = this.#sctp
    const position = sentQueue.indexOf(chunk)
    let first = position
    while (first > 0 && !isLast(sentQueue[first - 1])) first--
    let last = position
    while (last < sentQueue.length - 1 && !isLast(sentQueue[last])) last++
    while (!isLast(sentQueue[last]) && outboundQueue.length > 0) {
      sentQueue.push(outboundQueue.shift()!)
      last++
    }
    for (const abandoned of sentQueue.slice(first, last + 1)) {
      const inFlight = abandoned.sentCount > 0 && !abandoned.acked && !abandoned.retransmit
      if (abandoned !== chunk && inFlight) {
        this.#sctp.flightSize = Math.max(0, this.#sctp.flightSize - abandoned.bookSize)
      }
      abandoned.abandoned = true
      abandoned.retransmit = false
    }
    return true
  }

  /** FORWARD TSN goes again until the peer has acknowledged it (RFC 3758 §3.5, C3); werift sends it once. */
  #repeatForwardTsn(): void {
    const sctp = this.#sctp
    const made = sctp.forwardTsnChunk
    if (made !== undefined) {
      if (this.#forwardTsn !== undefined && this.#forwardTsn !== made) {
        const streams = new Map([...this.#forwardTsn.streams, ...made.streams])
        made.streams = [...streams]
      }
      this.#forwardTsn = made
    } else if (this.#forwardTsn !== undefined) {
      const isAcknowledged = ((sctp.advancedPeerAckTsn - sctp.lastSackedTsn) | 0) <= 0
      if (isAcknowledged) this.#forwardTsn = undefined
      else sctp.forwardTsnChunk = this.#forwardTsn
    }
  }

  #fail(): void {
    this.#sctp.stop().catch(() => undefined)
    this.#end(undefined)
  }

  #end(causeCode: number | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#queue.clear()
    this.#handlers.onClosed(causeCode)
  }
}

function isLast(chunk: WeriftChunk): boolean {
  return (chunk.flags & LAST_FRAGMENT) !== 0
}

function toWeriftOptions({ ordered, maxRetransmits, maxPacketLifeTime }: SctpSendOptions): object {
  return {
    ordered,
    maxRetransmits,
    expiry: maxPacketLifeTime === undefined ? undefined : (Date.now() + maxPacketLifeTime) / 1000
  }
}

function responseBytes(sequence: number, result: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(sequence, 0)
  bytes.writeUInt32BE(result, 4)
  return bytes
}

/** The class comes to light only on an `RTCSctpTransport` that is given a DTLS transport. */
function findSctpClass(): WeriftSctpClass {
  const event = { subscribe: () => ({ unSubscribe: () => undefined }) }
  const holder = new RTCSctpTransport() as unknown as {
    setDtlsTransport(dtls: object): void
    sctp?: { constructor: unknown }
  }
  holder.setDtlsTransport({ id: 'probe', onStateChange: event, sendData: () => Promise.resolve() })
  const found = holder.sctp?.constructor
  if (typeof found !== 'function') throw missing('SCTP')
  return found as WeriftSctpClass
}

function missing(member: string): UnsupportedDependencyError {
  return new UnsupportedDependencyError(
    `werift has no ${member}: data channels need it. Install werift 0.25.2 exactly.`
  )
}
