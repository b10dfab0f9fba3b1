import type { SdpDataSection } from '../sdp/index.ts'
import type { MetricsRecorder } from './connection-metrics.ts'
import { DataChannels } from './data-channels.ts'
import type { DtlsTransport } from './dtls-transport.ts'
import { UdpSocket } from './ice/udp-socket.ts'
import { INTERNAL, type TaskQueue } from './internal.ts'
import { LOCAL_MAX_MESSAGE_SIZE } from './jsep/session.ts'
import { MAX_BUFFERED_AMOUNT, type RTCDataChannel } from './rtc-data-channel.ts'
import type { RTCDtlsTransport } from './rtc-dtls-transport.ts'
import { RTCError } from './rtc-error.ts'
import { RTCSctpTransport, type SctpTransportModel } from './rtc-sctp-transport.ts'
import type { SctpAssociation } from './sctp/association.ts'
import { DrivenSctpAssociation } from './sctp/driven-association.ts'

export interface SctpTransportInit {
  readonly tasks: TaskQueue
  readonly metrics: MetricsRecorder
  /** What carries the packets. */
  readonly dtls: DtlsTransport
  readonly dtlsView: RTCDtlsTransport
  isClosed(): boolean
  /** Called in a task. */
  onDataChannel(channel: RTCDataChannel): void
}

/** The SCTP association of a connection, the data channels upon it, and the object that shows it to scripts. */
export class SctpTransport {
  readonly channels: DataChannels
  /** Null until an answer has brought data channels about. */
  view: RTCSctpTransport | null = null
  readonly #init: SctpTransportInit
  readonly #model: SctpTransportModel = { state: 'connecting', maxMessageSize: 65_536, maxChannels: null }
  #association: SctpAssociation | undefined

  constructor(init: SctpTransportInit) {
    this.#init = init
    this.channels = new DataChannels({
      tasks: init.tasks,
      isClosed: init.isClosed.bind(init),
      maxMessageSize: () => this.#model.maxMessageSize,
      onDataChannel: init.onDataChannel.bind(init)
    })
  }

  /** Both descriptions are there. */
  negotiate(local: SdpDataSection, remote: SdpDataSection, dtlsRole: 'client' | 'server'): void {
    this.#model.maxMessageSize = sendableMessageSize(remote.maxMessageSize)
    this.view ??= new RTCSctpTransport(INTERNAL, this.#model, this.#init.dtlsView)
    this.channels.assignIds(dtlsRole === 'client')
    this.#association ??= this.#createAssociation(local, remote, dtlsRole)
  }

  /** DTLS is connected. */
  start(): void {
    this.#init.metrics.begin('sctpMs')
    this.#association?.start()
  }

  /** Takes a packet from the peer, at a time of `performance.now()`; keeps no reference. */
  handlePacket(packet: Uint8Array, now: number): void {
    this.#association?.handlePacket(packet, now)
  }

  /** Packets take another candidate pair from now on. */
  handlePathChange(): void {
    this.#association?.handlePathChange()
  }

  /** The peer has refused data channels. */
  reject(): void {
    this.channels.disconnect(
      new RTCError({ errorDetail: 'data-channel-failure' }, 'the peer refused data channels')
    )
  }

  /** The association is over, for a cause of RFC 9260 §3.3.10 or for none. */
  end(causeCode: number | undefined): void {
    if (this.#model.state === 'closed' || this.#association === undefined) return
    const association = this.#association
    this.#show('closed', undefined)
    association.abort()
    const cause = causeCode === undefined ? {} : { sctpCauseCode: causeCode }
    this.channels.disconnect(
      new RTCError({ errorDetail: 'sctp-failure', ...cause }, 'the association has ended')
    )
  }

  /** Says goodbye (ABORT) and closes everything at once. */
  close(): void {
    this.channels.closeAbruptly()
    this.#association?.abort()
    this.#model.state = 'closed'
  }

  #createAssociation(
    local: SdpDataSection,
    remote: SdpDataSection,
    dtlsRole: 'client' | 'server'
  ): SctpAssociation {
    const { dtls, metrics } = this.#init
    const association: SctpAssociation = new DrivenSctpAssociation(
      {
        localPort: local.sctpPort,
        remotePort: remote.sctpPort,
        // Its Finished is the last flight, so its INIT can follow at once.
        initiates: dtlsRole === 'server',
        maxMessageSize: LOCAL_MAX_MESSAGE_SIZE,
        shortPathWindow: UdpSocket.window
      },
      {
        get packetBuffer() {
          return dtls.packetBuffer
        },
        onPacket: (length) => {
          dtls.send(length)
        },
        onConnected: (maxStreams) => {
          metrics.end('sctpMs')
          this.#show('connected', maxStreams)
          this.channels.connect(association, maxStreams)
        },
        onMessage: (streamId, ppid, data) => {
          this.channels.onMessage(streamId, ppid, data)
        },
        onSent: (streamId, bytes) => {
          this.channels.onSent(streamId, bytes)
        },
        onIncomingReset: (streamId) => {
          this.channels.onIncomingReset(streamId)
        },
        onResetRequested: (streamId) => {
          this.channels.onResetRequested(streamId)
        },
        onOutgoingReset: (streamId) => {
          this.channels.onOutgoingReset(streamId)
        },
        onClosed: (causeCode) => {
          this.end(causeCode)
        }
      }
    )
    return association
  }

  #show(state: RTCSctpTransportState, maxChannels: number | undefined): void {
    this.#init.tasks.queue(() => {
      if (this.#init.isClosed() || this.#model.state === state) return
      this.#model.state = state
      this.#model.maxChannels = maxChannels ?? this.#model.maxChannels
      this.view?.dispatchEvent(new Event('statechange'))
    })
  }
}

/** webrtc-pc §6.1.1.2: what the peer takes, or what we can buffer if it takes anything. */
function sendableMessageSize(remoteMaxMessageSize: number): number {
  return remoteMaxMessageSize === 0
    ? MAX_BUFFERED_AMOUNT
    : Math.min(remoteMaxMessageSize, MAX_BUFFERED_AMOUNT)
}
