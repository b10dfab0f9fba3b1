import type { CandidateFilter } from '@hearsay/webrtc'
import type { SignalingSession } from '@hearsay/signaling'
import type { ChannelAnnouncement } from '../channels/channel-announcement.ts'
import type { Clock } from '../clock.ts'
import type { SessionCloseCode } from '../close-reason.ts'
import { HOST_CANDIDATE_WAIT_MS, SESSION_VERSION } from '../constants.ts'
import { ControlChannel } from '../control/control-channel.ts'
import type { ControlFrame } from '../control/control-frame.ts'
import { helloMac, verifyHelloMac, type HelloBinding } from '../control/hello.ts'
import { NegotiationError } from '../errors.ts'
import type { DataChannelLike, PeerConnectionLike } from '../peer-connection.ts'
import type { SessionRole } from '../state/session-state.ts'
import { incomingDescription, outgoingDescription, type UsableDescription } from './descriptions.ts'
import { hostCandidatesGathered } from './gathering.ts'
import { LocalCandidates } from './local-candidates.ts'
import { PerfectNegotiation } from './perfect-negotiation.ts'
import { RemoteCandidates } from './remote-candidates.ts'
import { encodeSignalPayload, type InitialDescription, type SignalPayload } from './signal-payload.ts'

export interface PeerLinkListener {
  /** Gives the declared channels their data channels. @returns why they do not fit, where they do not */
  attachChannels(role: SessionRole, peer: readonly ChannelAnnouncement[]): string | undefined
  onDataChannel(dataChannel: DataChannelLike): void
  onControlOpen(): void
  /** The peer's `hello` is verified. */
  onVerified(): void
  /** Everything on the control channel after `hello` that is not negotiation. */
  onFrame(frame: ControlFrame): void
  /** Anything came on the control channel. */
  onHeard(): void
  onFailure(code: SessionCloseCode, message: string): void
}

export interface PeerLinkInit {
  readonly peerConnection: PeerConnectionLike
  readonly role: SessionRole
  readonly polite: boolean
  readonly localPeer: string
  readonly localInstance: Uint8Array
  readonly channels: readonly ChannelAnnouncement[]
  readonly localFilter: CandidateFilter
  readonly remoteFilter: CandidateFilter
  readonly clock: Clock
  readonly listener: PeerLinkListener
}

/** This version makes one peer connection a session; resuming on another one will count them. */
const GENERATION = 0

/** One peer connection of a session: from its first description until it is closed. */
export class PeerLink {
  readonly peerConnection: PeerConnectionLike
  readonly control: ControlChannel
  readonly #init: PeerLinkInit
  readonly #localCandidates: LocalCandidates
  readonly #remoteCandidates: RemoteCandidates
  readonly #listeners: [type: string, listener: (event: Event) => void][]
  #negotiation: PerfectNegotiation | undefined
  #signaling: SignalingSession | undefined
  #local: UsableDescription | undefined
  #remote: UsableDescription | undefined
  #unsentSignals: Uint8Array[] = []
  #helloSent = false
  #isVerified = false
  #closed = false

  /** Makes the control channel; throws what `createDataChannel` throws. */
  constructor(init: PeerLinkInit) {
    this.#init = init
    const { peerConnection, clock, listener } = init
    this.peerConnection = peerConnection
    this.#listeners = [
      ['connectionstatechange', () => this.#checkConnection()],
      [
        'datachannel',
        (event) => listener.onDataChannel((event as Event & { channel: DataChannelLike }).channel)
      ]
    ]
    for (const [type, handler] of this.#listeners) peerConnection.addEventListener(type, handler)
    this.#localCandidates = new LocalCandidates(peerConnection, clock, init.localFilter, (ufrag, batch) => {
      this.#signal({ type: 'candidates', ufrag, batch })
    })
    this.#remoteCandidates = new RemoteCandidates(peerConnection, init.remoteFilter)
    this.control = new ControlChannel(peerConnection, {
      onOpen: () => {
        listener.onControlOpen()
        this.#sayHello()
      },
      onFrame: (frame) => this.#receive(frame),
      onViolation: (problem) => listener.onFailure('protocol-violation', problem),
      onClosed: () => {
        if (!this.#closed) listener.onFailure('connection-lost', 'the control channel closed')
      }
    })
  }

  /** Whether the peer's `hello` is verified. */
  get isVerified(): boolean {
    return this.#isVerified
  }

  get remoteInstance(): Uint8Array | undefined {
    return this.#signaling?.remoteInstance
  }

  get renegotiations(): number {
    return this.#negotiation?.negotiations ?? 0
  }

  get remoteCandidatesDropped(): number {
    return this.#remoteCandidates.dropped
  }

  /** The body of Noise message 1. */
  async makeOffer(): Promise<Uint8Array> {
    return this.#describe('offer')
  }

  /** Takes the peer's offer. @returns the body of Noise message 2 @throws {NegotiationError} */
  async makeAnswer(offer: InitialDescription): Promise<Uint8Array> {
    await this.#applyRemote(offer)
    return this.#describe('answer')
  }

  /** Takes the peer's answer. @throws {NegotiationError} */
  async applyAnswer(answer: InitialDescription, signaling: SignalingSession): Promise<void> {
    this.attachSignaling(signaling)
    await this.#applyRemote(answer)
  }

  /** From here on candidates trickle, and `hello` has its key. */
  attachSignaling(signaling: SignalingSession): void {
    if (this.#closed) return
    this.#signaling = signaling
    for (const bytes of this.#unsentSignals.splice(0)) signaling.send(bytes)
    this.#sayHello()
  }

  /** A negotiation payload that came, through signaling or the control channel. */
  handleSignal(payload: SignalPayload): void {
    if (this.#closed) return
    switch (payload.type) {
      case 'candidates':
        this.#remoteCandidates.add(payload.ufrag, payload.batch)
        return
      case 'description':
        // Before hello is verified nothing but the first offer and answer counts.
        this.#negotiation?.handleDescription(payload.kind, payload.description)
        return
      case 'offer':
      case 'answer':
      case 'renewal':
      case 'close':
        this.#init.listener.onFailure('protocol-violation', `an ${payload.type} where none belongs`)
        return
    }
  }

  /** Leaves nothing behind. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const [type, handler] of this.#listeners) this.peerConnection.removeEventListener(type, handler)
    this.#localCandidates.close()
    this.#negotiation?.close()
    this.control.detach()
    this.peerConnection.close()
  }

  async #describe(type: 'offer' | 'answer'): Promise<Uint8Array> {
    const { clock, channels } = this.#init
    try {
      await this.peerConnection.setLocalDescription()
      await hostCandidatesGathered(this.peerConnection, clock, HOST_CANDIDATE_WAIT_MS)
      this.#setLocal(outgoingDescription(this.peerConnection.localDescription, this.#init.localFilter))
    } catch (cause) {
      throw new NegotiationError(`could not make an ${type}`, { cause })
    }
    if (this.#local === undefined) throw new NegotiationError(`could not make an ${type}`)
    const { description } = this.#local
    return encodeSignalPayload({ type, generation: GENERATION, channels, description })
  }

  async #applyRemote(initial: InitialDescription): Promise<void> {
    const { type, channels, description, generation } = initial
    const { role, listener, remoteFilter } = this.#init
    if (generation !== GENERATION)
      throw new NegotiationError(`generation ${generation} of an unknown session`)
    const remote = incomingDescription(description, type, remoteFilter)
    const misfit = listener.attachChannels(role, channels)
    if (misfit !== undefined) throw new NegotiationError(misfit)
    // Already before it is applied: hello may come as soon as the transport stands.
    this.#remote = remote
    try {
      await this.peerConnection.setRemoteDescription({ type, sdp: remote.sdp })
    } catch (cause) {
      throw new NegotiationError(`could not use the peer's ${type}`, { cause })
    }
    this.#setRemote(remote)
  }

  #setLocal(local: UsableDescription): void {
    this.#local = local
    const { iceUfrag, candidates, endOfCandidates } = local.data
    this.#localCandidates.start(iceUfrag, candidates, endOfCandidates)
  }

  #setRemote(remote: UsableDescription): void {
    this.#remote = remote
    const { iceUfrag, mid, candidates } = remote.data
    this.#remoteCandidates.start(iceUfrag, mid, candidates.length)
  }

  /** Over the control channel once it is trusted; through signaling before. */
  #signal(payload: SignalPayload): void {
    if (this.#closed) return
    const bytes = encodeSignalPayload(payload)
    if (this.#isVerified && this.control.send({ type: 'signal', payload: bytes })) return
    if (this.#signaling === undefined) this.#unsentSignals.push(bytes)
    else this.#signaling.send(bytes)
  }

  #binding(): HelloBinding | undefined {
    const { role, localPeer, localInstance } = this.#init
    if (this.#signaling === undefined || this.#local === undefined || this.#remote === undefined)
      return undefined
    const { remotePeer, remoteInstance, helloKey } = this.#signaling
    const local = { peer: localPeer, instance: localInstance, fingerprint: this.#local.data.fingerprint }
    const remote = { peer: remotePeer, instance: remoteInstance, fingerprint: this.#remote.data.fingerprint }
    const [initiator, responder] = role === 'initiator' ? [local, remote] : [remote, local]
    return { helloKey, generation: GENERATION, initiator, responder }
  }

  #sayHello(): void {
    const binding = this.#binding()
    if (binding === undefined || this.#helloSent || !this.control.isOpen) return
    const mac = helloMac(binding, this.#init.role)
    this.#helloSent = this.control.send({ type: 'hello', version: SESSION_VERSION, mac })
  }

  #receive(frame: ControlFrame): void {
    const { listener } = this.#init
    listener.onHeard()
    if (!this.#isVerified) {
      this.#receiveHello(frame)
      return
    }
    if (frame.type === 'hello') listener.onFailure('protocol-violation', 'a second hello')
    else listener.onFrame(frame)
  }

  #receiveHello(frame: ControlFrame): void {
    const { listener, role } = this.#init
    const binding = this.#binding()
    // A peer that could not verify our hello says why before it goes, perhaps instead of its own hello.
    if (frame.type === 'bye' || frame.type === 'bye-ack') {
      listener.onFrame(frame)
      return
    }
    if (frame.type !== 'hello' || binding === undefined) {
      listener.onFailure('protocol-violation', 'something else before hello')
      return
    }
    const peerRole = role === 'initiator' ? 'responder' : 'initiator'
    if (frame.version !== SESSION_VERSION) {
      listener.onFailure('protocol-violation', `version ${frame.version} of hello is not spoken here`)
    } else if (verifyHelloMac(binding, peerRole, frame.mac)) {
      this.#becomeVerified()
    } else {
      listener.onFailure('hello-mismatch', 'hello does not fit this connection')
    }
  }

  #becomeVerified(): void {
    const remote = this.#remote
    if (remote === undefined) return
    const { polite, localFilter, remoteFilter, listener } = this.#init
    this.#sayHello()
    this.#isVerified = true
    this.#negotiation = new PerfectNegotiation(
      {
        peerConnection: this.peerConnection,
        polite,
        localFilter,
        remoteFilter,
        send: (kind, local) => {
          this.#signal({ type: 'description', kind, description: local.description })
          this.#setLocal(local)
        },
        onRemote: (description) => this.#setRemote(description),
        onFailure: (error) => {
          listener.onFailure(
            'negotiation-failed',
            error instanceof Error ? error.message : 'renegotiation failed'
          )
        }
      },
      remote.data.fingerprint
    )
    listener.onVerified()
  }

  #checkConnection(): void {
    if (this.#closed) return
    const state = this.peerConnection.connectionState
    if (state !== 'failed' && state !== 'closed') return
    this.#init.listener.onFailure(
      this.#isVerified ? 'connection-lost' : 'connect-failed',
      `the peer connection is ${state}`
    )
  }
}
