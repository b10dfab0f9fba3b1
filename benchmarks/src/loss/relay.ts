import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { SeededRandom } from '@hearsay/testing'
import type { Role } from '../peer/pair.ts'
import { serve } from '../support/worker.ts'
import { Link } from './link.ts'
import type { LinkConditions } from './link.ts'

export interface Address {
  readonly address: string
  readonly port: number
}

/** What has come from the offerers since the path was laid. */
export interface Carried {
  /** Bytes of applications in it, as near as an observer can tell. */
  readonly payloadBytes: number
  /** Bytes of datagrams that were passed on. */
  readonly deliveredBytes: number
  readonly atMs: number
}

/** Somebody on the path between peers, in a process of its own: each knows the other by an address of the relay's. */
export type Relay = {
  /** Begins anew: all flows from now on share one link each way. */
  lay(conditions: LinkConditions, seed: number): Promise<void>
  /** The address at which the other side of a flow is to find the one that is at `at`. */
  attach(flow: number, role: Role, at: Address): Promise<Address>
  carried(): Carried
}

/** Asked of the kernel, so that the relay loses what it is told to lose and no more. */
const bufferBytes = 4 << 20

/** What surrounds the payload of a full packet: DTLS 13 + 8 + 16, SCTP 12 + 16. */
const overheadBytes = 65

/** Records shorter than this are acknowledgements and the like. */
const leastDataBytes = 256

/** First byte of a DTLS record with application data (RFC 9147 calls it content type). */
const applicationData = 23

/** One flow: a socket that each side sees as the other. */
interface Flow {
  readonly sockets: Record<Role, Socket>
  readonly peers: Partial<Record<Role, Address>>
}

/** Datagrams on their way in one direction, in the order in which they arrive. */
class Lane {
  readonly #link: Link
  #waiting: { data: Buffer; arrivesAt: number; deliver: (data: Buffer) => void }[] = []
  #timer: NodeJS.Timeout | undefined
  deliveredBytes = 0

  constructor(link: Link) {
    this.#link = link
  }

  send(data: Buffer, deliver: (data: Buffer) => void): void {
    const now = performance.now()
    const arrivesAt = this.#link.send(data.length, now)
    if (arrivesAt === undefined) return
    if (arrivesAt <= now && this.#waiting.length === 0) {
      this.deliveredBytes += data.length
      deliver(data)
      return
    }
    this.#waiting.push({ data, arrivesAt, deliver })
    this.#wait(arrivesAt - now)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #wait(milliseconds: number): void {
    this.#timer ??= setTimeout(() => this.#deliver(), Math.max(1, milliseconds))
  }

  #deliver(): void {
    this.#timer = undefined
    const now = performance.now()
    const later = this.#waiting.findIndex(({ arrivesAt }) => arrivesAt > now)
    const due = this.#waiting.splice(0, later === -1 ? this.#waiting.length : later)
    for (const { data, deliver } of due) {
      this.deliveredBytes += data.length
      deliver(data)
    }
    if (this.#waiting.length > 0) this.#wait(this.#waiting[0].arrivesAt - performance.now())
  }
}

const other = { offerer: 'answerer', answerer: 'offerer' } as const

let lanes: Record<Role, Lane>
let flows = new Map<number, Promise<Flow>>()
let payloadBytes = 0

function payloadOf(datagram: Buffer): number {
  return datagram[0] === applicationData && datagram.length >= leastDataBytes
    ? datagram.length - overheadBytes
    : 0
}

async function openFlow(address: string): Promise<Flow> {
  const flow: Flow = {
    sockets: { offerer: await bind(address), answerer: await bind(address) },
    peers: {}
  }
  for (const role of ['offerer', 'answerer'] as const) {
    const lane = lanes[role]
    const deliver = (data: Buffer): void => {
      const to = flow.peers[other[role]]
      if (to !== undefined) flow.sockets[other[role]].send(data, to.port, to.address)
    }
    flow.sockets[role].on('message', (data, { address, port }) => {
      flow.peers[role] = { address, port }
      if (role === 'offerer') payloadBytes += payloadOf(data)
      lane.send(data, deliver)
    })
  }
  return flow
}

async function bind(address: string): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    // Node's own would put every datagram off to a later tick; all destinations are addresses.
    lookup: (host, _options, callback) => callback(null, host, 4)
  })
  // About one datagram; whether the path works is seen by what arrives.
  socket.on('error', () => undefined)
  // With such a lookup it may be bound at once.
  const listening = once(socket, 'listening')
  socket.bind(0, address)
  await listening
  socket.setRecvBufferSize(bufferBytes)
  socket.setSendBufferSize(bufferBytes)
  return socket
}

async function closeFlow(flow: Promise<Flow>): Promise<void> {
  const { sockets } = await flow
  sockets.offerer.close()
  sockets.answerer.close()
}

serve({
  async lay(conditions, seed) {
    if (lanes !== undefined) Object.values(lanes).forEach((lane) => lane.stop())
    await Promise.all([...flows.values()].map(closeFlow))
    flows = new Map()
    payloadBytes = 0
    const random = new SeededRandom(seed)
    const lane = (): Lane => new Lane(new Link(conditions, () => random.number()))
    lanes = { offerer: lane(), answerer: lane() }
  },
  async attach(id, role, at) {
    const opening = flows.get(id) ?? openFlow(at.address)
    flows.set(id, opening)
    const flow = await opening
    flow.peers[role] ??= at
    const { address, port } = flow.sockets[other[role]].address()
    return { address, port }
  },
  carried: () => ({
    payloadBytes,
    deliveredBytes: lanes.offerer.deliveredBytes,
    atMs: performance.now()
  })
} satisfies Relay)
