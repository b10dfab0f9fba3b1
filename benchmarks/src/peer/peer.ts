import { setImmediate } from 'node:timers/promises'
import { loadStack } from '../stacks/load-stack.ts'
import type { Candidate, Channel, Connection, ContenderName, Stack } from '../stacks/stack.ts'
import { usage } from '../support/usage.ts'
import type { OwnUsage } from '../support/usage.ts'
import { serve, tell } from '../support/worker.ts'
import { Pump } from './pump.ts'

export interface ChannelPlan {
  readonly label: string
  readonly priority: RTCPriorityType
}

/** What has come on a connection's channels but those that are echoed, by this process's own clock. */
export interface Received {
  readonly bytes: number
  readonly atMs: number
}

/** What a peer tells unasked: a candidate of connection `id`. */
export interface CandidateFound {
  readonly id: number
  readonly candidate: Candidate
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
  /** May come before the description that it belongs to. */
  addCandidate(id: number, candidate: Candidate): Promise<void>
  /** Resolves when all channels of the connection are open, to the milliseconds since `offer` was called. */
  opened(id: number): Promise<number>
  close(id: number): Promise<void>
  /** Begins to fill these channels. */
  startSending(id: number, labels: readonly string[], messageBytes: number): void
  stopSending(id: number): Promise<void>
  /** Resolves when all that was sent has left the buffers. */
  drained(id: number): Promise<void>
  received(id: number): Received
  /** Sends messages to be echoed, one at a time, for this long. Resolves to the round-trip times in milliseconds. */
  ping(id: number, label: string, durationMs: number): Promise<number[]>
  usage(): OwnUsage
  /** So that what is measured next is what is in use. */
  collectGarbage(): Promise<void>
}

interface Side {
  readonly connection: Connection
  readonly channels: Map<string, Channel>
  readonly opened: Promise<number>
  /** Resolved when the other side's description has been taken. */
  readonly described: PromiseWithResolvers<undefined>
  pumps: Pump[]
  receivedBytes: number
}

const pingMessage = new Uint8Array(32)

let stack: Stack
const sides = new Map<number, Side>()

function createSide(id: number, channelCount: number): { side: Side; adopt: (channel: Channel) => void } {
  const startedAt = performance.now()
  const opened = Promise.withResolvers<number>()
  const channels = new Map<string, Channel>()
  let openCount = 0
  const connection = stack.createConnection()
  const side: Side = {
    connection,
    channels,
    opened: opened.promise,
    described: Promise.withResolvers(),
    pumps: [],
    receivedBytes: 0
  }
  const adopt = (channel: Channel): void => {
    const isEchoed = channel.label.startsWith(echoPrefix)
    channels.set(channel.label, channel)
    channel.onMessage = (data) => {
      if (isEchoed) channel.send(new Uint8Array(data))
      else side.receivedBytes += data.byteLength
    }
    channel.onOpen = () => {
      if (++openCount === channelCount) opened.resolve(performance.now() - startedAt)
    }
  }
  connection.onChannel = adopt
  connection.onCandidate = (candidate) => tell({ id, candidate } satisfies CandidateFound)
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
  async answer(id, offer, channelCount) {
    const { connection, described } = createSide(id, channelCount).side
    const answer = await connection.answer(offer)
    described.resolve(undefined)
    return answer
  },
  async accept(id, answer) {
    const { connection, described } = sideOf(id)
    await connection.accept(answer)
    described.resolve(undefined)
  },
  async addCandidate(id, candidate) {
    const { connection, described } = sideOf(id)
    await described.promise
    await connection.addCandidate(candidate)
  },
  opened: (id) => sideOf(id).opened,
  async close(id) {
    await sideOf(id).connection.close()
    sides.delete(id)
  },
  startSending(id, labels, messageBytes) {
    sideOf(id).pumps = labels.map(
      (label) => new Pump(channelOf(id, label), messageBytes, stack.highWaterBytes(messageBytes))
    )
  },
  async stopSending(id) {
    await Promise.all(sideOf(id).pumps.map((pump) => pump.stop()))
  },
  async drained(id) {
    await Promise.all(sideOf(id).pumps.map((pump) => pump.drained()))
  },
  received: (id) => ({ bytes: sideOf(id).receivedBytes, atMs: performance.now() }),
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
  usage,
  async collectGarbage() {
    // Twice: what finalizers let go of is collected by the second.
    for (let i = 0; i < 2; i++) {
      globalThis.gc?.()
      await setImmediate()
    }
  }
} satisfies Peer)
