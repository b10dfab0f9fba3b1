import {
  decodeDcepMessage,
  encodeDcepMessage,
  Ppid,
  type DataChannelOpen,
  type DcepMessage,
  type SendOptions
} from '@hearsay/sctp'
import { fromWirePriority, PRIORITIES } from './data-channel-init.ts'
import { Fifo } from './fifo.ts'
import { INTERNAL, type TaskQueue } from './internal.ts'
import { RTCDataChannel, type DataChannelControl, type DataChannelParameters } from './rtc-data-channel.ts'
import { RTCError } from './rtc-error.ts'
import type { SctpAssociation } from './sctp/association.ts'
import { giveMemoryBack } from './send-memory.ts'

/** A channel that is not closed, with what its stream has come to. */
interface Entry {
  readonly channel: RTCDataChannel
  readonly control: DataChannelControl
  /** Until the peer has acknowledged the channel its messages go in order (RFC 8832 §6). */
  acknowledged: boolean
  incomingReset: boolean
  outgoingReset: boolean
  /** Our side's reset is asked for, by us or by the peer: SCTP takes no more messages. */
  resetRequested: boolean
  readonly options: SendOptions
  readonly traffic: DataChannelTraffic
  /**
   * What was handed to SCTP and has not left: bytes on the wire, and what they count in `bufferedAmount`. Messages that
   * count what they are stand together.
   */
  readonly leaving: Fifo<{ wire: number; size: number }>
  /** What has left but is still counted. */
  sent: number
}

export interface DataChannelsInit {
  readonly tasks: TaskQueue
  isClosed(): boolean
  maxMessageSize(): number
  /** The peer has opened a channel. Called in a task. */
  onDataChannel(channel: RTCDataChannel): void
}

/** Counted over the life of the connection, for statistics. */
export interface DataChannelTotals {
  opened: number
  closed: number
}

/** What one channel has carried. */
export interface DataChannelTraffic {
  messagesSent: number
  bytesSent: number
  messagesReceived: number
  bytesReceived: number
}

/** All data channels of a connection: identifiers, opening and closing, and who gets which message (RFC 8831, 8832). */
export class DataChannels {
  readonly #init: DataChannelsInit
  readonly #entries = new Map<RTCDataChannel, Entry>()
  readonly #byId = new Map<number, Entry>()
  readonly totals: DataChannelTotals = { opened: 0, closed: 0 }
  #association: SctpAssociation | undefined
  #maxChannels: number | undefined
  /** Parity of the identifiers that we give out: the DTLS client's are even (RFC 8832 §6). */
  #parity: 0 | 1 | undefined

  constructor(init: DataChannelsInit) {
    this.#init = init
  }

  /** The channels that are not closed. */
  get channels(): readonly RTCDataChannel[] {
    return [...this.#entries.keys()]
  }

  /** Of a channel that is not closed. */
  trafficOf(channel: RTCDataChannel): Readonly<DataChannelTraffic> | undefined {
    return this.#entries.get(channel)?.traffic
  }

  /** @throws {DOMException} OperationError if the identifier is taken, or none is left */
  create(parameters: DataChannelParameters): RTCDataChannel {
    const id = parameters.id ?? this.#freeId()
    if (parameters.id !== null && this.#byId.has(parameters.id)) {
      throw new DOMException(`id: ${parameters.id} is taken by another channel`, 'OperationError')
    }
    if (id === undefined && this.#parity !== undefined) {
      throw new DOMException('no free stream identifier is left: close a channel', 'OperationError')
    }
    if (id !== undefined && id >= (this.#maxChannels ?? Infinity)) {
      throw new DOMException(`id: the association has ${this.#maxChannels} streams only`, 'OperationError')
    }
    const entry = this.#add({ ...parameters, id: id ?? null })
    if (this.#association !== undefined && this.#maxChannels !== undefined) {
      this.#establish(entry)
      this.#init.tasks.queue(() => {
        this.#announceOpen(entry)
      })
    }
    return entry.channel
  }

  /** The DTLS role is known: channels without identifier get theirs. */
  assignIds(isDtlsClient: boolean): void {
    if (this.#parity !== undefined) return
    this.#parity = isDtlsClient ? 0 : 1
    for (const entry of this.#entries.values()) {
      if (entry.channel.id !== null) continue
      const id = this.#freeId()
      if (id === undefined) continue
      entry.control.setId(id)
      this.#byId.set(id, entry)
    }
  }

  /** The association is established (webrtc-pc §6.1.1.4): opens all channels, in tasks after this one. */
  connect(association: SctpAssociation, maxChannels: number): void {
    this.#association = association
    this.#maxChannels = maxChannels
    for (const entry of this.#entries.values()) {
      const { id } = entry.channel
      if (id === null || id >= maxChannels) {
        const error = new RTCError({ errorDetail: 'data-channel-failure' }, 'no such stream')
        this.#finish(entry, error)
        continue
      }
      this.#establish(entry)
      this.#init.tasks.queue(() => {
        this.#announceOpen(entry)
      })
    }
  }

  onMessage(streamId: number, ppid: number, data: Uint8Array): void {
    if (ppid === Ppid.dcep) {
      this.#onDcep(streamId, data)
      return
    }
    const entry = this.#byId.get(streamId)
    if (entry === undefined) return
    // Data on a channel say as much as an acknowledgement that is still to come.
    if (!entry.acknowledged) acknowledge(entry)
    const { tasks } = this.#init
    if (tasks.isIdle) {
      this.#deliver(entry, ppid, data)
    } else {
      tasks.queue(() => {
        this.#deliver(entry, ppid, data)
      })
    }
  }

  onSent(streamId: number, bytes: number): void {
    const entry = this.#byId.get(streamId)
    if (entry === undefined) return
    let size = 0
    let left = bytes
    for (let message; left > 0 && (message = entry.leaving.first) !== undefined;) {
      const wire = Math.min(left, message.wire)
      const counted = Math.min(wire, message.size)
      left -= wire
      message.wire -= wire
      message.size -= counted
      size += counted
      if (message.wire === 0) entry.leaving.shift()
    }
    if (size === 0) return
    entry.sent += size
    if (entry.sent > size) return
    this.#init.tasks.queue(() => {
      const { sent } = entry
      entry.sent = 0
      if (!this.#init.isClosed()) entry.control.onSent(sent)
    })
  }

  onIncomingReset(streamId: number): void {
    const entry = this.#byId.get(streamId)
    if (entry === undefined) return
    entry.incomingReset = true
    this.#beginClosing(entry)
  }

  onResetRequested(streamId: number): void {
    const entry = this.#byId.get(streamId)
    if (entry === undefined) return
    entry.resetRequested = true
    this.#beginClosing(entry)
  }

  onOutgoingReset(streamId: number): void {
    const entry = this.#byId.get(streamId)
    if (entry === undefined) return
    entry.outgoingReset = true
    this.#finishIfClosed(entry)
  }

  /** The association is over: all channels end with the error. */
  disconnect(error: RTCError): void {
    this.#association = undefined
    for (const entry of [...this.#entries.values()]) this.#finish(entry, error)
  }

  /** `RTCPeerConnection.close()`: without events (webrtc-pc §4.4.1.8). */
  closeAbruptly(): void {
    this.#association = undefined
    for (const { control } of this.#entries.values()) control.closeAbruptly()
    this.#entries.clear()
    this.#byId.clear()
  }

  #deliver({ traffic, control }: Entry, ppid: number, data: Uint8Array): void {
    if (this.#init.isClosed()) return
    traffic.messagesReceived++
    traffic.bytesReceived += data.length
    control.receive(ppid, data)
  }

  #add(parameters: DataChannelParameters): Entry {
    const channel: RTCDataChannel = new RTCDataChannel(INTERNAL, parameters, this.#host())
    const entry: Entry = {
      channel,
      control: RTCDataChannel.control(channel),
      acknowledged: parameters.negotiated,
      options: {
        ordered: parameters.ordered || !parameters.negotiated,
        maxRetransmits: parameters.maxRetransmits ?? undefined,
        maxPacketLifeTimeMs: parameters.maxPacketLifeTime ?? undefined,
        onAcknowledged: giveMemoryBack
      },
      traffic: { messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0 },
      incomingReset: false,
      outgoingReset: false,
      resetRequested: false,
      leaving: new Fifo(),
      sent: 0
    }
    this.#entries.set(channel, entry)
    if (parameters.id !== null) this.#byId.set(parameters.id, entry)
    return entry
  }

  #host() {
    const maxMessageSize = this.#init.maxMessageSize.bind(this.#init)
    return {
      get maxMessageSize(): number {
        return maxMessageSize()
      },
      sendMessage: (channel: RTCDataChannel, ppid: number, data: Uint8Array, size: number) => {
        this.#send(channel, ppid, data, size)
      },
      closeTransport: (channel: RTCDataChannel) => {
        this.#closeTransport(channel)
      }
    }
  }

  #send(channel: RTCDataChannel, ppid: number, data: Uint8Array, size: number): void {
    const entry = this.#entries.get(channel)
    const { id } = channel
    if (entry === undefined || id === null || entry.resetRequested) return
    const { traffic, leaving } = entry
    traffic.messagesSent++
    traffic.bytesSent += size
    const { last } = leaving
    if (last !== undefined && last.wire === last.size && data.length === size) {
      last.wire += size
      last.size += size
    } else {
      leaving.push({ wire: data.length, size })
    }
    this.#association?.send(id, ppid, data, entry.options)
  }

  /** Announces a channel of ours to the peer, unless it knows. */
  #establish({ channel }: Entry): void {
    const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime } = channel
    if (channel.id === null) return
    const priority = PRIORITIES[channel.priority]
    this.#association?.setPriority(channel.id, priority)
    if (channel.negotiated) return
    this.#sendDcep(channel.id, {
      type: 'open',
      label,
      protocol,
      ordered,
      ...(maxRetransmits === null ? {} : { maxRetransmits }),
      ...(maxPacketLifeTime === null ? {} : { maxPacketLifeTimeMs: maxPacketLifeTime }),
      priority
    })
  }

  #sendDcep(id: number, message: DcepMessage): void {
    const data = encodeDcepMessage(message)
    this.#byId.get(id)?.leaving.push({ wire: data.length, size: 0 })
    this.#association?.send(id, Ppid.dcep, data, { ordered: true })
  }

  #onDcep(streamId: number, data: Uint8Array): void {
    const message = decodeDcepMessage(data)
    const known = this.#byId.get(streamId)
    if (message === undefined) return
    if (message.type === 'ack') {
      if (known !== undefined) acknowledge(known)
      return
    }
    const isOurs = streamId % 2 === this.#parity
    const isTooHigh = streamId >= (this.#maxChannels ?? 0)
    if (known !== undefined || isOurs || isTooHigh) return
    this.#onOpen(streamId, message)
  }

  /** webrtc-pc §6.1.1.3, "announce the data channel as an instance". */
  #onOpen(id: number, open: DataChannelOpen): void {
    const entry = this.#add({
      label: open.label,
      protocol: open.protocol,
      ordered: open.ordered,
      maxRetransmits: toUnsignedShort(open.maxRetransmits),
      maxPacketLifeTime: toUnsignedShort(open.maxPacketLifeTimeMs),
      priority: fromWirePriority(open.priority),
      negotiated: false,
      id
    })
    acknowledge(entry)
    this.#association?.setPriority(id, PRIORITIES[entry.channel.priority])
    this.#sendDcep(id, { type: 'ack' })
    this.#init.tasks.queue(() => {
      if (this.#init.isClosed()) return
      this.totals.opened++
      entry.control.setOpen()
      this.#init.onDataChannel(entry.channel)
      entry.control.fireOpen()
    })
  }

  #announceOpen({ channel, control }: Entry): void {
    if (this.#init.isClosed() || channel.readyState !== 'connecting') return
    this.totals.opened++
    control.setOpen()
    control.fireOpen()
  }

  #closeTransport(channel: RTCDataChannel): void {
    const entry = this.#entries.get(channel)
    if (entry === undefined || entry.resetRequested) return
    entry.resetRequested = true
    if (this.#association !== undefined && channel.id !== null) this.#association.resetStream(channel.id)
    else this.#finish(entry)
  }

  /** The other side closes. */
  #beginClosing(entry: Entry): void {
    this.#init.tasks.queue(() => {
      if (this.#init.isClosed()) return
      entry.control.beginClosing()
      this.#finishIfClosed(entry)
    })
  }

  #finishIfClosed(entry: Entry): void {
    if (entry.incomingReset && entry.outgoingReset) this.#finish(entry)
  }

  #finish(entry: Entry, error?: RTCError): void {
    if (!this.#entries.delete(entry.channel)) return
    const { id } = entry.channel
    if (id !== null) this.#byId.delete(id)
    this.totals.closed++
    this.#init.tasks.queue(() => {
      if (!this.#init.isClosed()) entry.control.announceClosed(error)
    })
  }

  #freeId(): number | undefined {
    if (this.#parity === undefined) return undefined
    const end = Math.min(this.#maxChannels ?? 65_534, 65_534)
    for (let id: number = this.#parity; id < end; id += 2) {
      if (!this.#byId.has(id)) return id
    }
    return undefined
  }
}

function acknowledge(entry: Entry): void {
  entry.acknowledged = true
  entry.options.ordered = entry.channel.ordered
}

/** On the wire a limit has 32 bits, in the API 16. */
function toUnsignedShort(limit: number | undefined): number | null {
  return limit === undefined ? null : Math.min(limit, 0xffff)
}
