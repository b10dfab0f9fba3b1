import type { DataChannelInit, IceCandidateInitLike, PeerConnectionLike } from '@hearsay/session'
import { parseSdp, renderSdp, type IceCandidate } from '@hearsay/webrtc'
import { FakeDataChannel } from './fake-data-channel.ts'
import type { FakeNetwork } from './fake-network.ts'

/**
 * The W3C subset that sessions use, on virtual time and a simulated wire: real descriptions, candidates and events in
 * the order of webrtc-pc, but no ICE, DTLS or SCTP.
 */
export class FakePeerConnection extends EventTarget implements PeerConnectionLike {
  connectionState: RTCPeerConnectionState = 'new'
  signalingState: RTCSignalingState = 'stable'
  iceGatheringState: RTCIceGatheringState = 'new'
  localDescription: { type: 'offer' | 'answer'; sdp: string } | null = null
  sctp: { maxMessageSize: number } | null = null
  readonly fingerprint: Uint8Array
  readonly remoteCandidates: IceCandidateInitLike[] = []
  readonly channels: FakeDataChannel[] = []
  ufrag: string
  remoteUfrag: string | undefined
  remoteFingerprint: Uint8Array | undefined
  crashed = false
  readonly #network: FakeNetwork
  #version = 0
  #restart = false
  #peer: FakePeerConnection | undefined
  #busyUntil = 0
  #nextId = 100

  constructor(network: FakeNetwork) {
    super()
    this.#network = network
    this.fingerprint = network.random.bytes(32)
    this.ufrag = network.iceChars(8)
    network.connections.add(this)
  }

  createDataChannel(label: string, init: DataChannelInit = {}): FakeDataChannel {
    const channel = new FakeDataChannel(this, label, init.id ?? this.#nextId++, init)
    this.channels.push(channel)
    if (this.#peer !== undefined) this.#openInBand(channel)
    return channel
  }

  async setLocalDescription(): Promise<void> {
    await Promise.resolve()
    this.#throwIfClosed()
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer'
    if (type === 'offer' && this.#restart) {
      this.#restart = false
      this.ufrag = this.#network.iceChars(8)
      this.iceGatheringState = 'new'
    }
    this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable'
    this.localDescription = { type, sdp: this.#sdp(type, []) }
    this.#gather(type)
    this.#network.tryToConnect(this)
  }

  async setRemoteDescription({ type, sdp }: { type: 'offer' | 'answer'; sdp: string }): Promise<void> {
    await Promise.resolve()
    this.#throwIfClosed()
    const { data } = parseSdp(sdp, { type })
    if (data === undefined || data.rejected) throw new DOMException('no data section', 'OperationError')
    if (type === 'answer' && this.signalingState !== 'have-local-offer') {
      throw new DOMException('no offer to answer', 'InvalidStateError')
    }
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable'
    this.remoteUfrag = data.iceUfrag
    this.remoteFingerprint = data.fingerprint
    this.sctp = { maxMessageSize: data.maxMessageSize }
    this.#network.tryToConnect(this)
  }

  async addIceCandidate(candidate: IceCandidateInitLike): Promise<void> {
    await Promise.resolve()
    if (this.remoteUfrag === undefined) throw new DOMException('no remote description', 'InvalidStateError')
    if (candidate.usernameFragment !== this.remoteUfrag)
      throw new DOMException('old generation', 'OperationError')
    this.remoteCandidates.push(candidate)
  }

  restartIce(): void {
    this.#restart = true
    queueMicrotask(() => this.dispatchEvent(new Event('negotiationneeded')))
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map<string, object>([
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
      ['P', { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' }],
      [
        'L',
        { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp', address: '192.0.2.1' }
      ],
      ['R', { id: 'R', type: 'remote-candidate', candidateType: 'srflx', protocol: 'udp', port: 4000 }]
    ])
  }

  close(): void {
    if (this.connectionState === 'closed') return
    this.connectionState = 'closed'
    this.signalingState = 'closed'
    this.#network.connections.delete(this)
    const peer = this.#peer
    for (const channel of this.channels) channel.end()
    if (peer === undefined || this.crashed) return
    this.#network.clock.setTimeout(() => {
      for (const channel of peer.channels) if (!peer.crashed) channel.end()
    }, this.#arrival())
  }

  /** Power failure: nothing goes out or comes in any more. */
  crash(): void {
    this.crashed = true
  }

  /** ICE or DTLS gives up. */
  fail(): void {
    this.connectionState = 'failed'
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  connectTo(peer: FakePeerConnection): void {
    if (this.connectionState === 'closed' || this.#peer !== undefined) return
    this.#peer = peer
    this.connectionState = 'connected'
    this.dispatchEvent(new Event('connectionstatechange'))
    for (const channel of [...this.channels]) if (channel.id < 100) channel.open()
  }

  transmit(channel: FakeDataChannel, data: Uint8Array<ArrayBuffer>): void {
    const { clock, random, options } = this.#network
    const isLost = channel.maxRetransmits === 0 && random.chance(options.loss)
    const sentIn = this.#occupy(data.length)
    clock.setTimeout(() => channel.drain(data.length), sentIn)
    clock.setTimeout(() => {
      if (isLost || this.crashed || this.#peer?.crashed !== false) return
      this.#peer.channels.find(({ id }) => id === channel.id)?.receive(data)
    }, sentIn + options.delayMs)
  }

  closeChannel(channel: FakeDataChannel): void {
    const { clock } = this.#network
    clock.setTimeout(() => {
      channel.end()
      this.#peer?.channels.find(({ id }) => id === channel.id)?.end()
    }, this.#arrival())
  }

  #openInBand(channel: FakeDataChannel): void {
    const { clock, options } = this.#network
    const peer = this.#peer
    clock.setTimeout(
      () => {
        if (this.crashed || peer === undefined || peer.crashed || peer.connectionState === 'closed') return
        const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime } = channel
        // Ids of both sides come from one space, as DTLS roles see to it.
        const theirs = new FakeDataChannel(peer, label, channel.id, {
          protocol,
          ordered,
          ...(maxRetransmits === null ? {} : { maxRetransmits }),
          ...(maxPacketLifeTime === null ? {} : { maxPacketLifeTime })
        })
        peer.channels.push(theirs)
        theirs.readyState = 'open'
        peer.dispatchEvent(Object.assign(new Event('datachannel'), { channel: theirs }))
        theirs.announce()
      },
      this.#occupy(0) + options.delayMs
    )
    clock.setTimeout(() => channel.open(), 0)
  }

  #gather(type: 'offer' | 'answer'): void {
    if (this.iceGatheringState === 'complete') return
    const { clock, options } = this.#network
    this.iceGatheringState = 'gathering'
    const host = 'candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host'
    const reflexive = 'candidate:2 1 udp 1694498815 198.51.100.7 6000 typ srflx raddr 192.0.2.1 rport 5000'
    const ufrag = this.ufrag
    const emit = (line: string | null): void => {
      if (this.connectionState === 'closed' || this.ufrag !== ufrag) return
      const candidate = line === null ? null : { candidate: line, usernameFragment: ufrag }
      this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }))
    }
    clock.setTimeout(() => {
      if (this.ufrag !== ufrag) return
      this.localDescription = { type, sdp: this.#sdp(type, [host]) }
      emit(host)
    }, 1)
    clock.setTimeout(() => {
      if (options.reflexiveDelayMs > 0) emit(reflexive)
      if (this.ufrag === ufrag) this.iceGatheringState = 'complete'
      this.dispatchEvent(new Event('icegatheringstatechange'))
      emit(null)
    }, options.reflexiveDelayMs + 1)
  }

  #sdp(type: 'offer' | 'answer', candidates: readonly string[]): string {
    const parsed: IceCandidate[] = candidates.map(() => ({
      foundation: '1',
      protocol: 'udp',
      priority: 2_130_706_431,
      address: '192.0.2.1',
      port: 5000,
      type: 'host'
    }))
    return renderSdp({
      sessionId: '4611731400430051336',
      sessionVersion: this.#version++,
      data: {
        rejected: false,
        mid: '0',
        protocol: 'UDP/DTLS/SCTP',
        iceUfrag: this.ufrag,
        icePwd: 'p'.repeat(24),
        iceOptions: ['trickle'],
        iceLite: false,
        fingerprint: this.fingerprint,
        setup: type === 'offer' ? 'actpass' : 'active',
        sctpPort: 5000,
        maxMessageSize: this.#network.options.maxMessageSize,
        candidates: parsed,
        endOfCandidates: false
      }
    })
  }

  /** Takes its turn on the wire. @returns how long until these bytes are sent */
  #occupy(bytes: number): number {
    const now = this.#network.clock.now()
    this.#busyUntil = Math.max(now, this.#busyUntil) + bytes / this.#network.options.bytesPerMs
    return this.#busyUntil - now
  }

  #arrival(): number {
    return this.#occupy(0) + this.#network.options.delayMs
  }

  #throwIfClosed(): void {
    if (this.connectionState === 'closed') throw new DOMException('closed', 'InvalidStateError')
  }
}
