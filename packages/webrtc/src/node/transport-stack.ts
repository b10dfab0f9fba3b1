import type { IceCandidate } from '../candidates/index.ts'
import type { PeerConfiguration } from '../configuration/index.ts'
import { toDtlsFingerprint, type Certificate, type DtlsEvent, type DtlsFingerprint } from '../dtls/index.ts'
import type { SdpDataSection } from '../sdp/index.ts'
import type { RTCIceParameters } from '../w3c.ts'
import type { MetricsRecorder } from './connection-metrics.ts'
import { DtlsTransport } from './dtls-transport.ts'
import { RTCErrorEvent } from './events.ts'
import type { GatheringError } from './ice/gathering.ts'
import { hostAddresses } from './ice/host-addresses.ts'
import { IceTransport } from './ice/transport.ts'
import { INTERNAL, type TaskQueue } from './internal.ts'
import type { RTCDataChannel } from './rtc-data-channel.ts'
import { RTCDtlsTransport, type DtlsTransportModel } from './rtc-dtls-transport.ts'
import { RTCError } from './rtc-error.ts'
import { toRTCIceCandidate } from './rtc-ice-candidate.ts'
import { RTCIceTransport, type IceTransportModel } from './rtc-ice-transport.ts'
import { SctpTransport } from './sctp-transport.ts'

/** Floor of the first DTLS retransmission timeout: a busy event loop is not a lost packet. */
const MIN_DTLS_TIMEOUT_MS = 50
const DTLS_TIMEOUT_RTTS = 1.5
/** User-Initiated Abort (RFC 9260 §3.3.10.12). */
const CAUSE_USER_ABORT = 12

export interface TransportStackInit {
  readonly tasks: TaskQueue
  readonly certificate: Certificate
  readonly metrics: MetricsRecorder
  configuration(): PeerConfiguration<unknown>
  isClosed(): boolean
  /** All of these are called in tasks. */
  onCandidate(generation: string, candidate: IceCandidate | undefined, url?: string): void
  onGatheringError(error: GatheringError): void
  /** The gathering state is another; the end of it is told after the end of candidates. */
  onGatheringStateChange(): void
  /** The state of ICE or DTLS is another, and so may be that of the connection. `fire` dispatches at the transport. */
  onStateChange(fire: () => void): void
  onDataChannel(channel: RTCDataChannel): void
}

/** ICE, DTLS and SCTP of a connection, one upon the other, and the objects that show the first two to scripts. */
export class TransportStack {
  readonly ice: IceTransport
  readonly dtls: DtlsTransport
  readonly sctp: SctpTransport
  readonly iceModel: IceTransportModel
  readonly dtlsModel: DtlsTransportModel = { state: 'new', remoteCertificate: undefined }
  readonly iceView: RTCIceTransport
  readonly dtlsView: RTCDtlsTransport
  dtlsDetails: { cipherSuite: string; group: string } | undefined
  readonly #init: TransportStackInit
  #local: SdpDataSection | undefined
  #remote: SdpDataSection | undefined
  dtlsRole: 'client' | 'server' | undefined
  /** The pair that data take, and the one that scripts have been told of. */
  #usedPair: unknown
  #shownPair: unknown

  constructor(init: TransportStackInit) {
    this.#init = init
    this.ice = new IceTransport({
      onCandidate: (candidate, generation, url) => {
        this.#queue(() => {
          init.onCandidate(generation, candidate, url)
        })
      },
      onGatheringComplete: (generation) => {
        this.#onGatheringComplete(generation)
      },
      onGatheringError: (error) => {
        this.#queue(() => {
          init.onGatheringError(error)
        })
      },
      onChange: () => {
        this.#onIceChange()
      },
      onData: (datagram) => {
        this.dtls.handleDatagram(datagram)
      }
    })
    this.dtls = new DtlsTransport({
      onDatagram: (datagram, onSent) => this.ice.send(datagram, onSent),
      onData: (data, now) => {
        this.sctp.handlePacket(data, now)
      },
      onEvent: (event) => {
        this.#onDtlsEvent(event)
      }
    })
    this.iceModel = this.#createIceModel()
    this.iceView = new RTCIceTransport(INTERNAL, this.iceModel)
    this.dtlsView = new RTCDtlsTransport(INTERNAL, this.dtlsModel, this.iceView)
    this.sctp = new SctpTransport({
      tasks: init.tasks,
      metrics: init.metrics,
      dtls: this.dtls,
      dtlsView: this.dtlsView,
      isClosed: init.isClosed.bind(init),
      onDataChannel: init.onDataChannel.bind(init)
    })
  }

  /** Whether a description has brought the transports about. */
  get exists(): boolean {
    return this.#local !== undefined
  }

  /** DER. */
  get localCertificate(): Uint8Array {
    return this.#init.certificate.der
  }

  /** What the peer's certificate was checked against. */
  get remoteFingerprint(): DtlsFingerprint | undefined {
    return this.#remote && toDtlsFingerprint(this.#remote.fingerprint)
  }

  /** A local description with these credentials is applied: their generation gathers from now on. */
  open(local: SdpDataSection, controlling: boolean): void {
    this.#local = local
    const generation = local.iceUfrag
    if (this.ice.find(generation) !== undefined) return
    const { iceServers, iceTransportPolicy } = this.#init.configuration()
    this.#init.metrics.begin('gatheringMs')
    this.ice.open({
      controlling,
      credentials: { usernameFragment: generation, password: local.icePwd },
      hostAddresses,
      iceServers,
      relayOnly: iceTransportPolicy === 'relay'
    })
    this.#queue(() => {
      this.#showGatheringState('gathering')
    })
  }

  /** A description is rolled back. */
  discard(local: SdpDataSection, current: SdpDataSection | undefined): void {
    if (local.iceUfrag !== current?.iceUfrag) this.ice.discard(local.iceUfrag)
    this.#local = current
    const state = this.ice.gatheringState
    this.#queue(() => {
      this.#showGatheringState(state)
    })
  }

  /** Both descriptions are there: ICE checks, and whatever comes upon it. */
  connect(local: SdpDataSection, remote: SdpDataSection, dtlsRole: 'client' | 'server'): void {
    const { metrics } = this.#init
    this.#local = local
    this.#remote = remote
    this.dtlsRole = dtlsRole
    this.sctp.negotiate(local, remote, dtlsRole)
    const agent = this.ice.find(local.iceUfrag)
    if (agent === undefined || this.ice.findByRemote(remote.iceUfrag) !== undefined) return
    metrics.begin('iceMs')
    this.ice.start(agent, {
      usernameFragment: remote.iceUfrag,
      password: remote.icePwd,
      iceLite: remote.iceLite
    })
    for (const candidate of remote.candidates) agent.addRemoteCandidate(candidate)
    if (remote.endOfCandidates || !remote.iceOptions.includes('trickle')) agent.endRemoteCandidates()
  }

  /** A candidate of the peer's, or without one their end. Before `connect()` the description keeps it. */
  addRemoteCandidate(generation: string, candidate: IceCandidate | undefined): void {
    const agent = this.ice.findByRemote(generation)
    if (candidate === undefined) agent?.endRemoteCandidates()
    else agent?.addRemoteCandidate(candidate)
  }

  /** Says goodbye (ABORT, then close_notify) and closes everything at once. */
  close(): void {
    this.sctp.close()
    this.dtls.close()
    this.dtlsModel.state = 'closed'
    this.ice.close()
    this.iceModel.state = 'closed'
  }

  #createIceModel(): IceTransportModel {
    const toPublic = (candidate: IceCandidate, generation: string | undefined) =>
      toRTCIceCandidate(candidate, generation ?? '', this.#local?.mid ?? '0')
    return {
      state: 'new',
      gatheringState: 'new',
      role: () => (this.ice.active?.controlling === false ? 'controlled' : 'controlling'),
      localCandidates: () =>
        this.ice.newest?.localCandidates.map((candidate) => toPublic(candidate, this.#local?.iceUfrag)) ?? [],
      remoteCandidates: () =>
        this.ice.newest?.remoteCandidates.map((candidate) => toPublic(candidate, this.#remote?.iceUfrag)) ??
        [],
      selectedPair: () => {
        const pair = this.ice.active?.selectedCandidates
        if (pair === undefined) return null
        return {
          local: toPublic(pair.local, this.#local?.iceUfrag),
          remote: toPublic(pair.remote, this.#remote?.iceUfrag)
        }
      },
      localParameters: () => parametersOf(this.#local),
      remoteParameters: () => parametersOf(this.#remote)
    }
  }

  #queue(task: () => void): void {
    this.#init.tasks.queue(() => {
      if (!this.#init.isClosed()) task()
    })
  }

  #onGatheringComplete(generation: string): void {
    this.#init.metrics.end('gatheringMs')
    this.#queue(() => {
      this.#init.onCandidate(generation, undefined)
    })
    this.#queue(() => {
      if (this.ice.newest?.credentials.usernameFragment === generation) this.#showGatheringState('complete')
    })
  }

  #showGatheringState(state: RTCIceGathererState): void {
    if (this.iceModel.gatheringState === state) return
    this.iceModel.gatheringState = state
    this.iceView.dispatchEvent(new Event('gatheringstatechange'))
    this.#init.onGatheringStateChange()
  }

  #onIceChange(): void {
    const { ice } = this
    const { state } = ice
    const pair = ice.active?.selectedPair
    if (pair !== undefined) {
      if (this.#usedPair !== undefined && this.#usedPair !== pair) this.sctp.handlePathChange()
      this.#usedPair = pair
      this.#startDtls(pair.rtt)
    }
    this.#queue(() => {
      const pairChanged = pair !== undefined && pair !== this.#shownPair
      const stateChanged = state !== this.iceModel.state
      this.#shownPair = pair ?? this.#shownPair
      this.iceModel.state = state
      if (!pairChanged && !stateChanged) return
      this.#init.onStateChange(() => {
        if (pairChanged) this.iceView.dispatchEvent(new Event('selectedcandidatepairchange'))
        if (stateChanged) this.iceView.dispatchEvent(new Event('statechange'))
      })
    })
  }

  #startDtls(rttS: number | undefined): void {
    const { dtlsRole } = this
    const remote = this.#remote
    if (this.dtls.isStarted || dtlsRole === undefined || remote === undefined) return
    const { metrics, certificate } = this.#init
    metrics.end('iceMs')
    metrics.begin('dtlsMs')
    this.#showDtlsState('connecting')
    const timeout = rttS === undefined ? {} : { initialRetransmissionTimeoutMs: dtlsTimeout(rttS) }
    this.dtls.start({
      role: dtlsRole,
      certificate,
      remoteFingerprint: toDtlsFingerprint(remote.fingerprint),
      ...timeout
    })
  }

  #onDtlsEvent(event: DtlsEvent): void {
    switch (event.type) {
      case 'connected':
        this.#init.metrics.end('dtlsMs')
        this.dtlsDetails = event
        this.#showDtlsState('connected', event.remoteCertificate)
        this.sctp.start()
        return
      case 'data':
        this.sctp.handlePacket(event.data, performance.now())
        return
      case 'closed':
        this.#showDtlsState('closed')
        this.sctp.end(CAUSE_USER_ABORT)
        // The peer said so itself: there is no need to wait until consent expires.
        this.ice.revokeConsent()
        return
      case 'failed': {
        const error = new RTCError({ errorDetail: 'dtls-failure' }, event.message)
        this.#showDtlsState('failed', undefined, error)
        this.sctp.end(undefined)
      }
    }
  }

  #showDtlsState(state: RTCDtlsTransportState, remoteCertificate?: Uint8Array, error?: RTCError): void {
    this.#queue(() => {
      this.dtlsModel.state = state
      this.dtlsModel.remoteCertificate = remoteCertificate ?? this.dtlsModel.remoteCertificate
      this.#init.onStateChange(() => {
        if (error !== undefined) this.dtlsView.dispatchEvent(new RTCErrorEvent('error', { error }))
        this.dtlsView.dispatchEvent(new Event('statechange'))
      })
    })
  }
}

function dtlsTimeout(rttS: number): number {
  return Math.max(MIN_DTLS_TIMEOUT_MS, Math.ceil(rttS * 1000 * DTLS_TIMEOUT_RTTS))
}

function parametersOf(data: SdpDataSection | undefined): RTCIceParameters | null {
  if (data === undefined) return null
  return { usernameFragment: data.iceUfrag, password: data.icePwd }
}
