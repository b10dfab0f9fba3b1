import { PeerConnection as NativeConnection, type DataChannel as NativeChannel } from 'node-datachannel'
import type { Channel, Connection, Stack } from './stack.ts'

/** By its own API: what it calls its polyfill, W3C's, is slower. */
export const stack: Stack = {
  highWaterBytes: () => 1 << 20,
  createConnection: () => new NodeDataChannelConnection()
}

class NodeDataChannelConnection implements Connection {
  readonly #connection = new NativeConnection('benchmark', { iceServers: [], disableAutoNegotiation: true })
  onChannel: (channel: Channel) => void = () => undefined

  constructor() {
    this.#connection.onDataChannel((channel) => this.onChannel(new NodeDataChannel(channel)))
  }

  createChannel(label: string): Channel {
    return new NodeDataChannel(this.#connection.createDataChannel(label))
  }

  offer(): Promise<string> {
    return this.#gather('offer')
  }

  answer(offer: string): Promise<string> {
    this.#connection.setRemoteDescription(offer, 'offer')
    return this.#gather('answer')
  }

  async accept(answer: string): Promise<void> {
    this.#connection.setRemoteDescription(answer, 'answer')
  }

  close(): void {
    this.#connection.close()
  }

  #gather(type: 'offer' | 'answer'): Promise<string> {
    return new Promise((resolve) => {
      this.#connection.onGatheringStateChange((state) => {
        if (state === 'complete') resolve(this.#connection.localDescription()?.sdp ?? '')
      })
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
