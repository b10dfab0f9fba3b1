import type { IceCandidate } from '../candidates/index.ts'
import {
  checkConfigurationChange,
  validateConfiguration,
  type PeerConfiguration
} from '../configuration/index.ts'
import { CertificatePool, parseFingerprint } from '../dtls/index.ts'
import type { ConnectionMetrics } from '../metrics.ts'
import type { RTCDataChannelInit } from '../w3c.ts'
import { MetricsRecorder } from './connection-metrics.ts'
import { connectionStateOf, iceConnectionStateOf } from './connection-state.ts'
import { toDataChannelParameters } from './data-channel-init.ts'
import { defineEventHandlers } from './event-handlers.ts'
import { RTCDataChannelEvent, RTCPeerConnectionIceErrorEvent, RTCPeerConnectionIceEvent } from './events.ts'
import { INTERNAL, TaskQueue } from './internal.ts'
import { dataOf, type Description } from './jsep/description.ts'
import { Negotiator } from './jsep/negotiator.ts'
import { JsepSession } from './jsep/session.ts'
import { RTCCertificate, generateCertificate } from './rtc-certificate.ts'
import type { RTCDataChannel } from './rtc-data-channel.ts'
import { toRTCIceCandidate } from './rtc-ice-candidate.ts'
import type { RTCSctpTransport } from './rtc-sctp-transport.ts'
import { RTCSessionDescription } from './rtc-session-description.ts'
import { collectStats } from './stats.ts'
import { TransportStack } from './transport-stack.ts'

type Settled = (value: never) => void

let pool: CertificatePool | undefined

/**
 * `RTCPeerConnection` of webrtc-pc for data channels only: no tracks, no transceivers. Descriptions may hold one
 * section, `m=application`. Where libraries probe for media, they find none.
 */
export class RTCPeerConnection extends EventTarget {
  declare onnegotiationneeded: ((event: Event) => unknown) | null
  declare onicecandidate: ((event: globalThis.RTCPeerConnectionIceEvent) => unknown) | null
  declare onicecandidateerror: ((event: globalThis.RTCPeerConnectionIceErrorEvent) => unknown) | null
  declare onsignalingstatechange: ((event: Event) => unknown) | null
  declare oniceconnectionstatechange: ((event: Event) => unknown) | null
  declare onicegatheringstatechange: ((event: Event) => unknown) | null
  declare onconnectionstatechange: ((event: Event) => unknown) | null
  declare ondatachannel: ((event: globalThis.RTCDataChannelEvent) => unknown) | null

  readonly #tasks = new TaskQueue()
  readonly #metrics = new MetricsRecorder()
  readonly #certificate: RTCCertificate
  readonly #session: JsepSession
  readonly #stack: TransportStack
  readonly #negotiator: Negotiator
  #configuration: PeerConfiguration<RTCCertificate>
  #isClosed = false
  #connectionState: RTCPeerConnectionState = 'new'
  #iceConnectionState: RTCIceConnectionState = 'new'
  #iceGatheringState: RTCIceGatheringState = 'new'
  readonly #shown = new Map<string, RTCSessionDescription>()

  /** @throws what `validateConfiguration` throws */
  constructor(configuration?: RTCConfiguration) {
    super()
    this.#metrics.begin('initializationMs')
    const validated = validateConfiguration(configuration, { isCertificate })
    pool ??= new CertificatePool()
    this.#certificate = validated.certificates[0] ?? new RTCCertificate(INTERNAL, pool.take())
    this.#configuration = { ...validated, certificates: [this.#certificate] }
    this.#session = new JsepSession({ fingerprint: fingerprintOf(this.#certificate) })
    this.#stack = this.#createStack()
    this.#negotiator = new Negotiator({
      session: this.#session,
      stack: this.#stack,
      tasks: this.#tasks,
      isClosed: () => this.#isClosed,
      onSignalingStateChange: () => {
        this.dispatchEvent(new Event('signalingstatechange'))
      },
      onNegotiationNeeded: () => {
        this.dispatchEvent(new Event('negotiationneeded'))
      }
    })
    this.#metrics.end('initializationMs')
  }

  /** Makes a certificate to hand to the constructor. */
  static async generateCertificate(keygenAlgorithm: AlgorithmIdentifier): Promise<RTCCertificate> {
    return Promise.resolve(generateCertificate(keygenAlgorithm))
  }

  get signalingState(): RTCSignalingState {
    return this.#isClosed ? 'closed' : this.#session.signalingState
  }

  get iceGatheringState(): RTCIceGatheringState {
    return this.#iceGatheringState
  }

  get iceConnectionState(): RTCIceConnectionState {
    return this.#iceConnectionState
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#connectionState
  }

  get localDescription(): RTCSessionDescription | null {
    return this.#show('local', this.#session.local)
  }

  get currentLocalDescription(): RTCSessionDescription | null {
    return this.#show('currentLocal', this.#session.currentLocal)
  }

  get pendingLocalDescription(): RTCSessionDescription | null {
    return this.#show('pendingLocal', this.#session.pendingLocal)
  }

  get remoteDescription(): RTCSessionDescription | null {
    return this.#show('remote', this.#session.remote)
  }

  get currentRemoteDescription(): RTCSessionDescription | null {
    return this.#show('currentRemote', this.#session.currentRemote)
  }

  get pendingRemoteDescription(): RTCSessionDescription | null {
    return this.#show('pendingRemote', this.#session.pendingRemote)
  }

  /** Whether the peer says that it takes candidates one by one; null before its description. */
  get canTrickleIceCandidates(): boolean | null {
    const remote = this.#session.remote
    return remote === null ? null : (dataOf(remote)?.iceOptions.includes('trickle') ?? false)
  }

  get sctp(): RTCSctpTransport | null {
    return this.#stack.sctp.view
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit>
  /** @deprecated the form with callbacks, for old libraries */
  createOffer(onSuccess: Settled, onFailure: Settled, options?: RTCOfferOptions): Promise<void>
  createOffer(first?: unknown, onFailure?: unknown, options?: RTCOfferOptions): Promise<unknown> {
    const { iceRestart = false } = (typeof first === 'function' ? options : (first as RTCOfferOptions)) ?? {}
    return withCallbacks(this.#negotiator.createOffer(Boolean(iceRestart)), first, onFailure)
  }

  createAnswer(options?: RTCAnswerOptions): Promise<RTCSessionDescriptionInit>
  /** @deprecated the form with callbacks, for old libraries */
  createAnswer(onSuccess: Settled, onFailure: Settled): Promise<void>
  createAnswer(first?: unknown, onFailure?: unknown): Promise<unknown> {
    return withCallbacks(this.#negotiator.createAnswer(), first, onFailure)
  }

  setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void>
  /** @deprecated the form with callbacks, for old libraries */
  setLocalDescription(
    description: RTCLocalSessionDescriptionInit,
    onSuccess: Settled,
    onFailure: Settled
  ): Promise<void>
  setLocalDescription(
    description: RTCLocalSessionDescriptionInit | null = {},
    onSuccess?: unknown,
    onFailure?: unknown
  ): Promise<void> {
    const { type, sdp = '' } = description ?? {}
    return withCallbacks(this.#negotiator.setLocalDescription(type, String(sdp)), onSuccess, onFailure)
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>
  /** @deprecated the form with callbacks, for old libraries */
  setRemoteDescription(
    description: RTCSessionDescriptionInit,
    onSuccess: Settled,
    onFailure: Settled
  ): Promise<void>
  setRemoteDescription(
    description: RTCSessionDescriptionInit,
    onSuccess?: unknown,
    onFailure?: unknown
  ): Promise<void> {
    const { type, sdp = '' } = (description as RTCSessionDescriptionInit | undefined) ?? {}
    return withCallbacks(this.#negotiator.setRemoteDescription(type, String(sdp)), onSuccess, onFailure)
  }

  addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void>
  /** @deprecated the form with callbacks, for old libraries */
  addIceCandidate(candidate: RTCIceCandidateInit, onSuccess: Settled, onFailure: Settled): Promise<void>
  addIceCandidate(
    candidate?: RTCIceCandidateInit | null,
    onSuccess?: unknown,
    onFailure?: unknown
  ): Promise<void> {
    const {
      candidate: line = '',
      sdpMid = null,
      sdpMLineIndex = null,
      usernameFragment = null
    } = candidate ?? {}
    if (line !== '' && sdpMid === null && sdpMLineIndex === null) {
      return Promise.reject(new TypeError('sdpMid or sdpMLineIndex must be given with a candidate'))
    }
    const init = { candidate: line, sdpMid, sdpMLineIndex, usernameFragment }
    return withCallbacks(this.#negotiator.addIceCandidate(init), onSuccess, onFailure)
  }

  /** The next offer will have new ICE credentials. */
  restartIce(): void {
    this.#negotiator.restartIce()
  }

  getConfiguration(): RTCConfiguration {
    const { iceServers, certificates, ...rest } = this.#configuration
    return {
      ...rest,
      certificates: [...certificates],
      iceServers: iceServers.map(({ urls, ...server }) => ({ ...server, urls: urls.map(({ url }) => url) }))
    }
  }

  /** ICE servers and the transport policy take effect with the next ICE restart. @throws {DOMException} */
  setConfiguration(configuration: RTCConfiguration = {}): void {
    if (this.#isClosed) throw closedError()
    const next = validateConfiguration(configuration, { isCertificate })
    checkConfigurationChange(this.#configuration, next, this.#session.local !== null)
    this.#configuration = { ...next, certificates: [this.#certificate] }
  }

  /** @throws {TypeError | DOMException} as webrtc-pc §6.1 has it */
  createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
    const parameters = toDataChannelParameters(label, init)
    if (this.#isClosed) throw closedError()
    const channel = this.#stack.sctp.channels.create(parameters)
    this.#negotiator.noteChannel()
    return channel
  }

  /** A map of statistics (webrtc-stats): the connection, its transport, pairs, candidates, channels, certificates. */
  getStats(): Promise<globalThis.RTCStatsReport> {
    return new Promise((resolve) => {
      this.#tasks.queue(() => {
        resolve(collectStats(this.#stack, this.#certificate))
      })
    })
  }

  /** How long the steps of connecting took, and what the guards dropped. Not of W3C: see `getConnectionMetrics()`. */
  static metricsOf(connection: RTCPeerConnection): ConnectionMetrics {
    return connection.#metrics.snapshot(connection.#stack.ice, connection.#stack.dtls)
  }

  /** There is no media here. */
  getSenders(): RTCRtpSender[] {
    return []
  }

  /** There is no media here. */
  getReceivers(): RTCRtpReceiver[] {
    return []
  }

  /** There is no media here. */
  getTransceivers(): RTCRtpTransceiver[] {
    return []
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stack.close()
    this.#iceConnectionState = 'closed'
    this.#connectionState = 'closed'
  }

  #createStack(): TransportStack {
    return new TransportStack({
      tasks: this.#tasks,
      certificate: RTCCertificate.unwrap(this.#certificate),
      metrics: this.#metrics,
      configuration: () => this.#configuration,
      isClosed: () => this.#isClosed,
      onCandidate: (generation, candidate, url) => {
        this.#surfaceCandidate(generation, candidate, url)
      },
      onGatheringError: (error) => {
        this.dispatchEvent(new RTCPeerConnectionIceErrorEvent('icecandidateerror', error))
      },
      onGatheringStateChange: () => {
        this.#showGatheringState()
      },
      onStateChange: (fire) => {
        this.#showConnectionState(fire)
      },
      onDataChannel: (channel) => {
        this.dispatchEvent(new RTCDataChannelEvent('datachannel', { channel }))
      }
    })
  }

  #surfaceCandidate(generation: string, candidate: IceCandidate | undefined, url: string | undefined): void {
    const { currentLocal, pendingLocal } = this.#session
    const section = [pendingLocal, currentLocal].map(dataOf).find((data) => data?.iceUfrag === generation)
    // Without one the description was rolled back.
    if (section === undefined) return
    this.#session.addLocalCandidate(generation, candidate)
    this.dispatchEvent(
      new RTCPeerConnectionIceEvent('icecandidate', {
        candidate: toRTCIceCandidate(candidate, generation, section.mid, url),
        url: url ?? null
      })
    )
  }

  #showGatheringState(): void {
    const state = this.#stack.iceModel.gatheringState
    if (state === this.#iceGatheringState) return
    this.#iceGatheringState = state
    this.dispatchEvent(new Event('icegatheringstatechange'))
    if (state === 'complete') this.dispatchEvent(new RTCPeerConnectionIceEvent('icecandidate'))
  }

  /** Sets both states before any event tells of one (webrtc-pc §5.6.2). */
  #showConnectionState(fire: () => void): void {
    const { iceModel, dtlsModel } = this.#stack
    const iceState = iceConnectionStateOf(iceModel.state)
    const state = connectionStateOf(iceModel.state, dtlsModel.state)
    const iceChanged = iceState !== this.#iceConnectionState
    const changed = state !== this.#connectionState
    this.#iceConnectionState = iceState
    this.#connectionState = state
    fire()
    if (iceChanged && !this.#isClosed) this.dispatchEvent(new Event('iceconnectionstatechange'))
    if (changed && !this.#isClosed) this.dispatchEvent(new Event('connectionstatechange'))
  }

  #show(slot: string, description: Description | null): RTCSessionDescription | null {
    if (description === null) return null
    const { type, sdp } = description
    const shown = this.#shown.get(slot)
    if (shown?.sdp === sdp && shown.type === type) return shown
    const fresh = new RTCSessionDescription({ type, sdp })
    this.#shown.set(slot, fresh)
    return fresh
  }
}

defineEventHandlers(RTCPeerConnection.prototype, [
  'negotiationneeded',
  'icecandidate',
  'icecandidateerror',
  'signalingstatechange',
  'iceconnectionstatechange',
  'icegatheringstatechange',
  'connectionstatechange',
  'datachannel'
])

function isCertificate(value: unknown): value is RTCCertificate {
  return value instanceof RTCCertificate
}

function fingerprintOf(certificate: RTCCertificate): Uint8Array {
  return parseFingerprint(certificate.getFingerprints()[0])
}

function closedError(): DOMException {
  return new DOMException('the connection is closed', 'InvalidStateError')
}

/** The legacy forms of webrtc-pc §4.4.3: with callbacks the promise resolves to undefined and never rejects. */
function withCallbacks<T>(promise: Promise<T>, onSuccess: unknown, onFailure: unknown): Promise<T> {
  if (typeof onSuccess !== 'function' || typeof onFailure !== 'function') return promise
  const [succeed, fail] = [onSuccess as (value: T) => void, onFailure as (error: unknown) => void]
  return promise.then(
    (value) => {
      succeed(value)
    },
    (error: unknown) => {
      fail(error)
    }
  ) as Promise<T>
}
