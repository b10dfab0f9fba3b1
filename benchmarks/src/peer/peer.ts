import { loadStack } from '../stacks/load-stack.ts'
import type { Channel, Connection, ContenderName, Stack } from '../stacks/stack.ts'
import { usage } from '../support/usage.ts'
import type { Usage } from '../support/usage.ts'
import { serve } from '../support/worker.ts'
import { Pump } from './pump.ts'

export interface ChannelPlan {
  readonly label: string
  readonly priority: RTCPriorityType
}

/** What has come on all channels but those that are echoed, by this process's own clock. */
export interface Received {
  readonly bytes: number
  readonly atMs: number
}

/** Channels whose label begins so are answered: each message is sent back as it is. */
export const echoPrefix = 'echo'

/** One side of any number of connections, of one stack, in a process of its own. */
export type Peer = {
  load(contender: ContenderName): Promise<void>
  /** Makes connection `id` and its channels; resolves to its offer. */
  offer(id: number, channels: readonly ChannelPlan[]): Promise<string>
  answer(id: number, offer: string, channelCount: number): Promise<string>
  accept(id: number, answer: string): Promise<void>
  /** Resolves when all channels of the connection are open, to the milliseconds since `offer` was called. */
  opened(id: number): Promise<number>
  close(id: number): Promise<void>
  /** Begins to fill these channels. */
  startSending(id: number, labels: readonly string[], messageBytes: number): void
  /** Resolves when all that was sent has left the buffers. */
  stopSending(): Promise<void>
  received(): Received
  /** Sends messages to be echoed, one at a time, for this long. Resolves to the round-trip times in milliseconds. */
  ping(id: number, label: string, durationMs: number): Promise<number[]>
  usage(): Usage
}

interface Side {
  readonly connection: Connection
  readonly channels: Map<string, Channel>
  readonly opened: Promise<void>
  readonly startedAt: number
}

const pingMessage = new Uint8Array(32)

let stack: Stack
let receivedBytes = 0
let pumps: Pump[] = []
const sides = new Map<number, Side>()

function createSide(id: number, channelCount: number): { side: Side; adopt: (channel: Channel) => void } {
  const startedAt = performance.now()
  const opened = Promise.withResolvers<undefined>()
  const channels = new Map<string, Channel>()
  let openCount = 0
  const connection = stack.createConnection()
  const adopt = (channel: Channel): void => {
    const isEchoed = channel.label.startsWith(echoPrefix)
    channels.set(channel.label, channel)
    channel.onMessage = (data) => {
      if (isEchoed) channel.send(new Uint8Array(data))
      else receivedBytes += data.byteLength
    }
    channel.onOpen = () => {
      if (++openCount === channelCount) opened.resolve(undefined)
    }
  }
  connection.onChannel = adopt
  const side = { connection, channels, opened: opened.promise, startedAt }
  sides.set(id, side)
  return { side, adopt }
}

function sideOf(id: number): Side {
  const side = sides.get(id)
  if (side === undefined) throw new Error(`there is no connection ${id}`)
  return side
}

function channelOf(id: number, label: string): Channel {
  const channel = sideOf(id).channels.get(label)
  if (channel === undefined) throw new Error(`there is no channel ${label}`)
  return channel
}

serve({
  async load(contender) {
    stack = await loadStack(contender)
  },
  offer(id, plans) {
    const { side, adopt } = createSide(id, plans.length)
    for (const { label, priority } of plans) adopt(side.connection.createChannel(label, priority))
    return side.connection.offer()
  },
  answer(id, offer, channelCount) {
    return createSide(id, channelCount).side.connection.answer(offer)
  },
  accept: (id, answer) => sideOf(id).connection.accept(answer),
  async opened(id) {
    const { opened, startedAt } = sideOf(id)
    await opened
    return performance.now() - startedAt
  },
  async close(id) {
    await sideOf(id).connection.close()
    sides.delete(id)
  },
  startSending(id, labels, messageBytes) {
    pumps = labels.map(
      (label) => new Pump(channelOf(id, label), messageBytes, stack.highWaterBytes(messageBytes))
    )
  },
  async stopSending() {
    await Promise.all(pumps.map((pump) => pump.stop()))
    pumps = []
  },
  received: () => ({ bytes: receivedBytes, atMs: performance.now() }),
  async ping(id, label, durationMs) {
    const channel = channelOf(id, label)
    const times: number[] = []
    const endAt = performance.now() + durationMs
    for (let at = performance.now(); at < endAt; at = performance.now()) {
      const echoed = Promise.withResolvers<number>()
      channel.onMessage = () => echoed.resolve(performance.now())
      channel.send(pingMessage)
      times.push((await echoed.promise) - at)
    }
    return times
  },
  usage
} satisfies Peer)
