import assert from 'node:assert/strict'
import type { Signaler, SignalingSession } from '@hearsay/signaling'
import { CandidateFilter } from '@hearsay/webrtc'
import { announce, dataChannelInit } from '../../src/channels/channel-announcement.ts'
import { resolveChannelOptions, type ChannelOptions } from '../../src/channels/channel-options.ts'
import { encodeChannelFrame, type ChannelFrame } from '../../src/channels/frame.ts'
import { decodeControlFrame, encodeControlFrame, type ControlFrame } from '../../src/control/control-frame.ts'
import { helloMac } from '../../src/control/hello.ts'
import { incomingDescription, outgoingDescription } from '../../src/negotiation/descriptions.ts'
import { decodeSignalPayload, encodeSignalPayload } from '../../src/negotiation/signal-payload.ts'
import type { FakeDataChannel } from './fake-data-channel.ts'
import { FakePeerConnection } from './fake-peer-connection.ts'
import type { FakeNetwork } from './fake-network.ts'

/** A peer that says what the test wants, frame by frame. It dials, and has one channel beside the control channel. */
export class RawPeer {
  readonly connection: FakePeerConnection
  readonly control: FakeDataChannel
  readonly channel: FakeDataChannel
  readonly received: ControlFrame[] = []
  readonly #signaler: Signaler
  readonly #channels: ReturnType<typeof announce>[]
  #signaling: SignalingSession | undefined
  #remoteFingerprint: Uint8Array | undefined

  constructor(network: FakeNetwork, signaler: Signaler, label: string, options: ChannelOptions = {}) {
    const resolved = resolveChannelOptions(label, options)
    this.#signaler = signaler
    this.#channels = [announce(label, resolved)]
    this.connection = new FakePeerConnection(network)
    this.control = this.connection.createDataChannel('hearsay', { negotiated: true, id: 0 })
    this.channel = this.connection.createDataChannel(label, {
      ...dataChannelInit(resolved),
      negotiated: true,
      id: 1
    })
    this.control.addEventListener('message', (event) => {
      const frame = decodeControlFrame(new Uint8Array((event as MessageEvent<ArrayBuffer>).data))
      if (frame !== undefined) this.received.push(frame)
    })
  }

  /** Dials, and is connected but for `hello`. */
  async dial(remotePeer: string): Promise<void> {
    const filter = new CandidateFilter()
    await this.connection.setLocalDescription()
    const { description } = outgoingDescription(this.connection.localDescription, filter)
    const offer = encodeSignalPayload({ type: 'offer', generation: 0, channels: this.#channels, description })
    const outcome = await this.#signaler.dial(remotePeer, offer)
    assert.ok(outcome.outcome === 'answered')
    const answer = decodeSignalPayload(outcome.answer)
    assert.ok(answer?.type === 'answer')
    const remote = incomingDescription(answer.description, 'answer', filter)
    await this.connection.setRemoteDescription({ type: 'answer', sdp: remote.sdp })
    this.#signaling = outcome.session
    this.#remoteFingerprint = remote.data.fingerprint
  }

  /** The `hello` that is right. */
  sayHello(): void {
    const { remotePeer, remoteInstance, helloKey } = this.#signaling ?? assert.fail('not dialled')
    const { localPeer, instance } = this.#signaler
    const fingerprint = this.#remoteFingerprint ?? assert.fail('not dialled')
    const binding = {
      helloKey,
      generation: 0,
      initiator: { peer: localPeer, instance, fingerprint: this.connection.fingerprint },
      responder: { peer: remotePeer, instance: remoteInstance, fingerprint }
    }
    this.say({ type: 'hello', version: 1, mac: helloMac(binding, 'initiator') })
  }

  say(frame: ControlFrame): void {
    this.control.send(encodeControlFrame(frame))
  }

  send(frame: ChannelFrame): void {
    this.channel.send(encodeChannelFrame(frame))
  }

  message(body: Uint8Array, total = body.length): void {
    const end = total === body.length
    this.send({ type: 'begin', header: { kind: 'message' }, empty: false, total, end, body })
  }
}
