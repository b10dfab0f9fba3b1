import type { Candidate, Channel, Connection } from './stack.ts'

/** A contender that has the W3C's API, as far as it is used here. */
export interface W3cPeerConnection {
  readonly localDescription: { readonly sdp: string } | null | undefined
  createDataChannel(label: string, init: { priority: RTCPriorityType }): W3cDataChannel
  createOffer(): Promise<Description>
  createAnswer(): Promise<Description>
  setLocalDescription(description: Description): Promise<unknown>
  setRemoteDescription(description: Description): Promise<unknown>
  addIceCandidate(candidate: Candidate): Promise<unknown>
  addEventListener(type: 'icecandidate', listener: (event: { candidate?: Candidate | null }) => void): void
  addEventListener(type: 'datachannel', listener: (event: { channel: W3cDataChannel }) => void): void
  close(): unknown
}

interface W3cDataChannel {
  readonly label: string
  readonly readyState: string
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  binaryType: string
  send(data: Uint8Array<ArrayBuffer>): void
  addEventListener(type: 'open' | 'bufferedamountlow', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: ArrayBuffer }) => void): void
}

interface Description {
  type: 'offer' | 'answer'
  sdp: string
}

export class W3cConnection implements Connection {
  readonly #connection: W3cPeerConnection
  /** Before candidates are gathered: whatever the stack needs to be told by other means than its configuration. */
  readonly #prepare: () => void
  onChannel: (channel: Channel) => void = () => undefined
  onCandidate: (candidate: Candidate) => void = () => undefined

  constructor(connection: W3cPeerConnection, prepare: () => void = () => undefined) {
    this.#connection = connection
    this.#prepare = prepare
    connection.addEventListener('datachannel', ({ channel }) => this.onChannel(new W3cChannel(channel)))
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate === undefined || candidate.candidate === '') return
      this.onCandidate({ candidate: candidate.candidate, sdpMid: candidate.sdpMid })
    })
  }

  createChannel(label: string, priority: RTCPriorityType): Channel {
    return new W3cChannel(this.#connection.createDataChannel(label, { priority }))
  }

  async offer(): Promise<string> {
    return this.#describe(await this.#connection.createOffer())
  }

  async answer(offer: string): Promise<string> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offer })
    return this.#describe(await this.#connection.createAnswer())
  }

  async accept(answer: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer })
  }

  async addCandidate(candidate: Candidate): Promise<void> {
    await this.#connection.addIceCandidate(candidate)
  }

  close(): unknown {
    return this.#connection.close()
  }

  async #describe(description: Description): Promise<string> {
    this.#prepare()
    await this.#connection.setLocalDescription(description)
    return this.#connection.localDescription?.sdp ?? ''
  }
}

class W3cChannel implements Channel {
  readonly #channel: W3cDataChannel
  onOpen: () => void = () => undefined
  onMessage: (data: ArrayBuffer | Uint8Array) => void = () => undefined
  onLow: () => void = () => undefined

  constructor(channel: W3cDataChannel) {
    this.#channel = channel
    channel.binaryType = 'arraybuffer'
    channel.addEventListener('open', () => this.onOpen())
    channel.addEventListener('message', ({ data }) => this.onMessage(data))
    channel.addEventListener('bufferedamountlow', () => this.onLow())
    // What is open already, as incoming channels may be, does not say so again.
    if (channel.readyState === 'open') setImmediate(() => this.onOpen())
  }

  get label(): string {
    return this.#channel.label
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount
  }

  setLowThreshold(bytes: number): void {
    this.#channel.bufferedAmountLowThreshold = bytes
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.#channel.send(data)
  }
}
