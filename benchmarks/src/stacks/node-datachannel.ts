import { PeerConnection as NativeConnection, type DataChannel as NativeChannel } from 'node-datachannel'
import type { Candidate, Channel, Connection, Stack } from './stack.ts'

/** By its own API: what it calls its polyfill, W3C's, is slower. */
export const stack: Stack = {
  highWaterBytes: (messageBytes) => Math.max(1 << 18, messageBytes),
  createConnection: () => new NodeDataChannelConnection()
}

class NodeDataChannelConnection implements Connection {
  readonly #connection = new NativeConnection('benchmark', { iceServers: [], disableAutoNegotiation: true })
  onChannel: (channel: Channel) => void = () => undefined
  onCandidate: (candidate: Candidate) => void = () => undefined

  constructor() {
    this.#connection.onDataChannel((channel) => this.onChannel(new NodeDataChannel(channel)))
    this.#connection.onLocalCandidate((candidate, sdpMid) => this.onCandidate({ candidate, sdpMid }))
  }

  createChannel(label: string): Channel {
    return new NodeDataChannel(this.#connection.createDataChannel(label))
  }

  offer(): Promise<string> {
    return this.#describe('offer')
  }

  answer(offer: string): Promise<string> {
    this.#connection.setRemoteDescription(offer, 'offer')
    return this.#describe('answer')
  }

  async accept(answer: string): Promise<void> {
    this.#connection.setRemoteDescription(answer, 'answer')
  }

  async addCandidate({ candidate, sdpMid }: Candidate): Promise<void> {
    this.#connection.addRemoteCandidate(candidate, sdpMid)
  }

  close(): void {
    this.#connection.close()
  }

  #describe(type: 'offer' | 'answer'): Promise<string> {
    return new Promise((resolve) => {
      this.#connection.onLocalDescription((sdp) => resolve(sdp))
      this.#connection.setLocalDescription(type)
    })
  }
}

class NodeDataChannel implements Channel {
  readonly #channel: NativeChannel
  onOpen: () => void = () => undefined
  onMessage: (data: ArrayBuffer | Uint8Array) => void = () => undefined
  onLow: () => void = () => undefined

  constructor(channel: NativeChannel) {
    this.#channel = channel
    if (channel.isOpen()) setImmediate(() => this.onOpen())
    channel.onOpen(() => this.onOpen())
    channel.onMessage((data) => {
      if (typeof data !== 'string') this.onMessage(data)
    })
    channel.onBufferedAmountLow(() => this.onLow())
  }

  get label(): string {
    return this.#channel.getLabel()
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount()
  }

  setLowThreshold(bytes: number): void {
    this.#channel.setBufferedAmountLowThreshold(bytes)
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.#channel.sendMessageBinary(data)
  }
}
