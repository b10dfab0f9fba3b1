import type { RTCPeerConnection } from '@hearsay/webrtc'
import { churn, measure, serve } from './services.ts'
import {
  digestOf,
  payloadOf,
  type ChannelReport,
  type PeerInput,
  type PeerOutput,
  type Plan
} from './plan.ts'

/** Beyond this many bytes buffered in a channel, the program waits. */
const HIGH_WATER = 1 << 20

interface OpenChannel {
  readonly channel: RTCDataChannel
  /** Digests of what came, in order; pending, since a page computes them asynchronously. */
  readonly received: Promise<string>[]
  readonly open: Promise<void>
  closed: boolean
}

/**
 * One peer of an interop test, written against nothing but the W3C API, so that the same code runs in a page and in
 * Node on any stack. It does what it is told by `receive` and tells what happens through `emit`.
 */
export class PeerProgram {
  readonly #connection: RTCPeerConnection
  readonly #emit: (output: PeerOutput) => void
  readonly #channels = new Map<string, OpenChannel>()
  readonly #candidates: RTCIceCandidateInit[] = []
  #plan: Plan = { channels: [] }
  #rounds = 0
  #reported = 0

  constructor(
    Connection: new (configuration?: RTCConfiguration) => RTCPeerConnection,
    emit: (output: PeerOutput) => void
  ) {
    this.#emit = emit
    this.#connection = new Connection({})
    this.#connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) emit({ type: 'candidate', candidate: toInit(candidate) })
    }
    this.#connection.ondatachannel = ({ channel }) => {
      if (!serve(channel)) this.#adopt(channel)
    }
    this.#connection.onconnectionstatechange = () => {
      const { connectionState: state } = this.#connection
      emit({ type: 'state', state })
      if (['disconnected', 'failed', 'closed'].includes(state)) emit({ type: 'lost' })
    }
  }

  receive(input: PeerInput): void {
    this.#handle(input).catch((error: unknown) => {
      this.#emit({ type: 'failed', message: `${input.type}: ${String(error)}` })
    })
  }

  async #handle(input: PeerInput): Promise<void> {
    switch (input.type) {
      case 'start':
        return this.#start(input.role, input.plan)
      case 'description':
        return this.#describe(input.description)
      case 'candidate':
        // Behind those that wait: the end of candidates must stay their end.
        if (this.#connection.remoteDescription === null || this.#candidates.length > 0) {
          this.#candidates.push(input.candidate)
        } else await this.#connection.addIceCandidate(input.candidate)
        return
      case 'exchange':
        return this.#exchange()
      case 'restart-ice':
        this.#connection.restartIce()
        return this.#offer()
      case 'close':
        this.#connection.close()
        return
      case 'tell-stats': {
        const all = [...(await this.#connection.getStats()).values()] as { readonly type: string }[]
        const told = all.filter(({ type }) => ['data-channel', 'transport', 'candidate-pair'].includes(type))
        this.#emit({ type: 'stats', text: told.map((stats) => JSON.stringify(stats)).join('\n') })
        return
      }
      case 'churn': {
        const { channels, atOnce } = input
        this.#emit({ type: 'churned', channels, ids: await churn(this.#connection, channels, atOnce) })
        return
      }
      case 'measure':
        this.#emit({ type: 'measured', ...(await measure(this.#connection, input.sizes)) })
    }
  }

  async #start(role: 'offerer' | 'answerer', plan: Plan): Promise<void> {
    this.#plan = plan
    for (const { label, init } of plan.channels) {
      if (role === 'offerer' || init.negotiated === true) {
        this.#adopt(this.#connection.createDataChannel(label, init))
      }
    }
    if (role === 'offerer') await this.#offer()
    await this.#exchange()
  }

  async #offer(): Promise<void> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer())
    this.#emitDescription()
  }

  async #describe(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#connection.setRemoteDescription(description)
    for (; this.#candidates.length > 0; this.#candidates.shift()) {
      await this.#connection.addIceCandidate(this.#candidates[0])
    }
    if (description.type === 'offer') {
      await this.#connection.setLocalDescription(await this.#connection.createAnswer())
      this.#emitDescription()
    }
    const { localDescription, remoteDescription } = this.#connection
    this.#emit({
      type: 'stable',
      localUfrag: ufragOf(localDescription),
      remoteUfrag: ufragOf(remoteDescription)
    })
  }

  #emitDescription(): void {
    const { type, sdp } = this.#connection.localDescription as RTCSessionDescription
    this.#emit({ type: 'description', description: { type, sdp } })
  }

  #adopt(channel: RTCDataChannel): void {
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = HIGH_WATER / 2
    const received: Promise<string>[] = []
    // Not what `readyState` says: a page in Chromium may lose what it sends before the event.
    const open = new Promise<void>((resolve) => {
      channel.addEventListener('open', () => resolve(), { once: true })
    })
    const entry: OpenChannel = { channel, received, open, closed: false }
    channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      received.push(
        typeof data === 'string'
          ? digestOf('text', new TextEncoder().encode(data))
          : digestOf('binary', new Uint8Array(data))
      )
      this.#reportIfComplete()
    }
    channel.onclose = () => {
      entry.closed = true
      if ([...this.#channels.values()].every(({ closed }) => closed)) this.#emit({ type: 'closed' })
    }
    this.#channels.set(channel.label, entry)
    this.#wake()
  }

  /** Sends all planned messages on all channels at once, as soon as each is there and open. */
  async #exchange(): Promise<void> {
    this.#rounds++
    this.#reportIfComplete()
    await Promise.all(
      this.#plan.channels.map(async ({ label, messages }, number) => {
        const { channel, open } = await this.#channelNamed(label)
        await open
        // node-datachannel fires `open` before it takes messages.
        while (channel.readyState === 'connecting') await new Promise((resolve) => setTimeout(resolve, 5))
        for (const [index, message] of messages.entries()) {
          const bytes = payloadOf(number, index, message)
          if (message.kind === 'binary') channel.send(bytes)
          else channel.send(new TextDecoder().decode(bytes))
          if (channel.bufferedAmount > HIGH_WATER) await drained(channel)
        }
      })
    )
  }

  readonly #waiting = new Set<() => void>()

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async #channelNamed(label: string): Promise<OpenChannel> {
    for (;;) {
      const entry = this.#channels.get(label)
      if (entry !== undefined) return entry
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #reportIfComplete(): void {
    const complete = this.#plan.channels.every(
      ({ label, messages }) =>
        (this.#channels.get(label)?.received.length ?? 0) >= messages.length * this.#rounds
    )
    if (!complete || this.#reported === this.#rounds) return
    this.#reported = this.#rounds
    const reports = this.#plan.channels.map(({ label }) => reportOf(this.#channels.get(label) as OpenChannel))
    Promise.all(reports).then(
      (channels) => this.#emit({ type: 'report', channels }),
      (error: unknown) => this.#emit({ type: 'failed', message: String(error) })
    )
  }
}

/** Waits for `bufferedamountlow`, and looks now and then as well: @roamhq/wrtc does not always fire it. */
async function drained(channel: RTCDataChannel): Promise<void> {
  let onLow = (): void => {}
  const low = new Promise<void>((resolve) => {
    onLow = resolve
    channel.addEventListener('bufferedamountlow', onLow)
  })
  while (channel.bufferedAmount > HIGH_WATER && channel.readyState === 'open') {
    await Promise.race([low, new Promise<void>((resolve) => setTimeout(resolve, 100))])
  }
  channel.removeEventListener('bufferedamountlow', onLow)
}

async function reportOf({ channel, received }: OpenChannel): Promise<ChannelReport> {
  const { label, protocol, ordered, id, negotiated, maxRetransmits, maxPacketLifeTime } = channel
  return {
    label,
    protocol,
    ordered,
    id,
    negotiated,
    maxRetransmits,
    maxPacketLifeTime,
    received: await Promise.all(received)
  }
}

/** Without members that are null: node-datachannel gives some, @roamhq/wrtc takes none. */
function toInit({
  candidate,
  sdpMid,
  sdpMLineIndex,
  usernameFragment
}: RTCIceCandidate): RTCIceCandidateInit {
  return {
    candidate,
    ...(sdpMid === null || sdpMid === undefined ? {} : { sdpMid }),
    ...(sdpMLineIndex === null || sdpMLineIndex === undefined ? {} : { sdpMLineIndex }),
    ...(usernameFragment === null || usernameFragment === undefined ? {} : { usernameFragment })
  }
}

function ufragOf(description: RTCSessionDescription | null): string {
  return /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? '')?.[1] ?? ''
}
