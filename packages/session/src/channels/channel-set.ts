import type { Clock } from '../clock.ts'
import {
  MAX_CHANNELS,
  MAX_DECLARED_CHANNELS,
  MAX_EARLY_BYTES,
  MAX_FRAME_BYTES,
  MIN_FRAME_BYTES
} from '../constants.ts'
import { SessionOptionError, type PayloadDecodeError, type SessionError } from '../errors.ts'
import type { DataChannelLike, PeerConnectionLike } from '../peer-connection.ts'
import type { ChannelStats, HandlerErrorDetail } from './channel.ts'
import {
  announce,
  announcementOf,
  assignIds,
  dataChannelInit,
  DEFAULT_DECLARATIONS,
  fits,
  optionsFromAnnouncement,
  type ChannelAnnouncement
} from './channel-announcement.ts'
import { resolveChannelOptions, type ChannelOptions, type ResolvedChannelOptions } from './channel-options.ts'
import { ReceiveBudget } from './receive-budget.ts'
import { SendScheduler } from './send-scheduler.ts'
import { SessionChannel, type ChannelHost } from './session-channel.ts'

export interface ChannelSetListener {
  /** A channel that only the peer knew. */
  onRemoteChannel(channel: SessionChannel): void
  onViolation(problem: string): void
  /** A frame went, or came. */
  onSent(channel: SessionChannel): void
  onReceived(channel: SessionChannel): void
  onHandlerError(detail: HandlerErrorDetail): void
  onInvalid(channel: SessionChannel, error: PayloadDecodeError): void
  onProgress(): void
  /** A message came with a mark. @returns whether it is to be delivered */
  acceptMarked(label: string, mark: number): boolean
}

export interface ChannelSetInit {
  remotePeer: string
  clock: Clock
  bufferBytes: number
  declarations: Readonly<Record<string, ChannelOptions>>
  listener: ChannelSetListener
}

export interface ChannelTotals {
  messagesSent: number
  messagesReceived: number
  bytesSent: number
  bytesReceived: number
}

/** All channels of a session, by label. */
export class ChannelSet {
  readonly #init: ChannelSetInit
  readonly #channels = new Map<string, SessionChannel>()
  readonly #declared: ChannelAnnouncement[] = []
  readonly #host: ChannelHost
  readonly #closedTotals: ChannelTotals = {
    messagesSent: 0,
    messagesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0
  }
  #announceLater: SessionChannel[] = []
  #earlyDataChannels = 0
  #peerConnection: PeerConnectionLike | undefined
  #isVerified = false
  #earlyCost = 0
  #ended: SessionError | undefined

  /** @throws {SessionOptionError} */
  constructor(init: ChannelSetInit) {
    this.#init = init
    const { listener } = init
    this.#host = {
      remotePeer: init.remotePeer,
      clock: init.clock,
      scheduler: new SendScheduler(init.bufferBytes),
      receiveBudget: new ReceiveBudget(),
      isVerified: () => this.#isVerified,
      endingError: () => this.#ended,
      reserveEarly: (cost) => this.#reserveEarly(cost),
      acceptMarked: (channel, mark) => listener.acceptMarked(channel.label, mark),
      onSent: (channel) => listener.onSent(channel),
      onReceived: (channel) => listener.onReceived(channel),
      onViolation: (channel, problem) => listener.onViolation(`channel "${channel.label}": ${problem}`),
      onHandlerError: (channel, type, error) =>
        listener.onHandlerError({ channel: channel.label, type, error }),
      onInvalid: (channel, error) => listener.onInvalid(channel, error),
      onProgress: () => listener.onProgress(),
      onClosed: (channel) => {
        if (this.#channels.get(channel.label) === channel) this.#channels.delete(channel.label)
        addTo(this.#closedTotals, channel.stats())
        listener.onProgress()
      }
    }
    const declarations = { ...DEFAULT_DECLARATIONS, ...init.declarations }
    for (const [label, options] of Object.entries(declarations)) {
      const resolved = resolveChannelOptions(label, options)
      this.#declared.push(announce(label, resolved))
      this.#add(label, resolved)
    }
    if (this.#declared.length > MAX_DECLARED_CHANNELS) {
      throw new SessionOptionError(
        `${this.#declared.length} channels are declared: ${MAX_DECLARED_CHANNELS} are allowed`
      )
    }
  }

  /** What our offer or answer says. */
  get announcements(): readonly ChannelAnnouncement[] {
    return this.#declared
  }

  get all(): readonly SessionChannel[] {
    return [...this.#channels.values()]
  }

  /** What all channels have moved since the session began, closed ones included. */
  totals(): ChannelTotals {
    const totals = { ...this.#closedTotals }
    for (const channel of this.all) addTo(totals, channel.stats())
    return totals
  }

  get(label: string): SessionChannel | undefined {
    return this.#channels.get(label)
  }

  /** Opens a channel on the fly. @throws {SessionOptionError} {SessionError} once the session is over */
  open(label: string, options?: ChannelOptions): SessionChannel {
    if (this.#ended !== undefined) throw this.#ended
    const resolved = resolveChannelOptions(label, options)
    if (this.#channels.size >= MAX_CHANNELS) {
      throw new SessionOptionError(
        `the session has ${MAX_CHANNELS} channels: close one before opening "${label}"`
      )
    }
    const channel = this.#add(label, resolved)
    if (this.#isVerified && this.#peerConnection !== undefined)
      this.#openDataChannel(this.#peerConnection, channel)
    return channel
  }

  /**
   * Gives every declared channel its data channel on a peer connection whose association does not exist yet.
   *
   * @returns why the peer's declarations do not fit ours, where they do not
   */
  attach(
    peerConnection: PeerConnectionLike,
    role: 'initiator' | 'responder',
    peer: readonly ChannelAnnouncement[]
  ): string | undefined {
    const [initiator, responder] = role === 'initiator' ? [this.#declared, peer] : [peer, this.#declared]
    const announced = new Map(peer.map((announcement) => [announcement.label, announcement]))
    for (const [label, theirs] of announced) {
      const ours = this.#channels.get(label)?.options
      if (ours !== undefined && !fits(ours, theirs)) {
        return `channel "${label}" is declared with another reliability or order by the peer`
      }
    }
    const ids = assignIds(initiator, responder)
    for (const [label, id] of ids) {
      const channel = this.#channels.get(label) ?? this.#addAnnounced(announced.get(label))
      if (channel === undefined) return `the peer declared a channel that makes no sense`
      const init = { ...dataChannelInit(channel.options), negotiated: true, id }
      channel.attach(peerConnection.createDataChannel(label, init))
    }
    this.#peerConnection = peerConnection
    return undefined
  }

  /** The peer opened a data channel. */
  acceptDataChannel(dataChannel: DataChannelLike): void {
    if (!this.#isVerified && ++this.#earlyDataChannels > MAX_CHANNELS) {
      this.#init.listener.onViolation('too many data channels before hello')
      return
    }
    const announcement = announcementOf(dataChannel)
    const existing = this.#channels.get(dataChannel.label)
    if (announcement === undefined || (existing !== undefined && !fits(existing.options, announcement))) {
      dataChannel.close()
      return
    }
    if (existing !== undefined) {
      if (!existing.attach(dataChannel)) dataChannel.close()
      return
    }
    const options = optionsFromAnnouncement(announcement)
    if (options === undefined || this.#channels.size >= MAX_CHANNELS || this.#ended !== undefined) {
      dataChannel.close()
      return
    }
    const channel = this.#add(announcement.label, options)
    // Its messages are kept from here on, but nobody hears of it before the peer is verified.
    if (this.#isVerified) this.#init.listener.onRemoteChannel(channel)
    else this.#announceLater.push(channel)
    channel.attach(dataChannel)
  }

  /** The peer's `hello` is verified: messages flow both ways. */
  release(): void {
    this.#isVerified = true
    const peerConnection = this.#peerConnection
    if (peerConnection === undefined) return
    const frameBytes = messageLimit(peerConnection)
    if (frameBytes < MIN_FRAME_BYTES) {
      this.#init.listener.onViolation(`messages of ${frameBytes} bytes are too small to work with`)
      return
    }
    for (const channel of this.all) {
      channel.setFrameBytes(frameBytes)
      if (!channel.isAttached) this.#openDataChannel(peerConnection, channel)
    }
    for (const channel of this.#announceLater.splice(0)) this.#init.listener.onRemoteChannel(channel)
    for (const channel of this.all) channel.release()
  }

  /** The attempt that they were attached to is given up before it was verified: they go back to waiting for one. */
  detach(): void {
    this.#peerConnection = undefined
    this.#earlyDataChannels = 0
    this.#announceLater = []
    this.#earlyCost = 0
    for (const channel of this.all) {
      if (this.#declared.some(({ label }) => label === channel.label)) channel.detach()
      else if (channel.isAttached) channel.terminate(undefined)
    }
  }

  /** The session is ending: nothing more is taken. @param error what later calls fail with */
  stopAccepting(error: SessionError): void {
    this.#ended = error
    for (const channel of this.all) channel.stopAccepting()
  }

  /** Resolves when everything queued is in the data channels' buffers, or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    await Promise.all(this.all.map((channel) => channel.drain(signal)))
  }

  sendFins(): void {
    for (const channel of this.all) channel.sendFin()
  }

  /** Whether everything that the peer announced in its `fin` frames is here. */
  get haveReceivedAll(): boolean {
    return this.all.every((channel) => channel.hasReceivedAll)
  }

  /** The end of all channels: in order, or with an error. */
  terminate(error: SessionError | undefined): void {
    for (const channel of this.all) channel.terminate(error)
  }

  #reserveEarly(cost: number): boolean {
    this.#earlyCost += cost
    if (this.#earlyCost <= MAX_EARLY_BYTES) return true
    this.#init.listener.onViolation('too much data before hello')
    return false
  }

  #add(label: string, options: ResolvedChannelOptions): SessionChannel {
    const channel = new SessionChannel(label, options, this.#host)
    this.#channels.set(label, channel)
    return channel
  }

  #addAnnounced(announcement: ChannelAnnouncement | undefined): SessionChannel | undefined {
    const options = announcement === undefined ? undefined : optionsFromAnnouncement(announcement)
    if (announcement === undefined || options === undefined) return undefined
    const channel = this.#add(announcement.label, options)
    this.#announceLater.push(channel)
    return channel
  }

  #openDataChannel(peerConnection: PeerConnectionLike, channel: SessionChannel): void {
    channel.setFrameBytes(messageLimit(peerConnection))
    channel.attach(peerConnection.createDataChannel(channel.label, dataChannelInit(channel.options)))
  }
}

function addTo(totals: ChannelTotals, stats: ChannelStats): void {
  totals.messagesSent += stats.messagesSent
  totals.messagesReceived += stats.messagesReceived
  totals.bytesSent += stats.bytesSent
  totals.bytesReceived += stats.bytesReceived
}

/** The largest frame that the peer's stack takes. */
function messageLimit(peerConnection: PeerConnectionLike): number {
  const size = peerConnection.sctp?.maxMessageSize ?? MAX_FRAME_BYTES
  return size === 0 ? MAX_FRAME_BYTES : Math.min(size, MAX_FRAME_BYTES)
}
