import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket as Stream } from 'node:net'
import { stunMessage } from './stun.ts'

const ATTRIBUTE = {
  username: 0x0006,
  errorCode: 0x0009,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  xorMappedAddress: 0x0020
} as const
const COOKIE = 0x2112a442

interface Endpoint {
  address: string
  port: number
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

function encodeXorAddress({ address, port }: Endpoint): Buffer {
  const value = Buffer.alloc(8)
  value[1] = 1
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2)
  const ip = Buffer.from(address.split('.').map(Number)).readUInt32BE(0)
  value.writeUInt32BE((ip ^ COOKIE) >>> 0, 4)
  return value
}

function decodeXorAddress(value: Buffer): Endpoint {
  const ip = Buffer.alloc(4)
  ip.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0)
  return { address: ip.join('.'), port: value.readUInt16BE(2) ^ (COOKIE >>> 16) }
}

function attributesOf(message: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  for (let offset = 20; offset + 4 <= message.length;) {
    const length = message.readUInt16BE(offset + 2)
    attributes.set(message.readUInt16BE(offset), message.subarray(offset + 4, offset + 4 + length))
    offset += 4 + ((length + 3) & ~3)
  }
  return attributes
}

/** A STUN server on loopback that tells every client the same address. */
export async function startStunServer(mapped: Endpoint): Promise<{ url: string; close(): void }> {
  const socket = await bind()
  socket.on('message', (request, { address, port }) => {
    const response = stunMessage({
      type: 0x0101,
      transactionId: request.subarray(8, 20),
      attributes: [[ATTRIBUTE.xorMappedAddress, encodeXorAddress(mapped)]]
    })
    socket.send(response, port, address)
  })
  return { url: `stun:127.0.0.1:${socket.address().port}`, close: () => socket.close() }
}

/** A client of the TURN server, and the socket that relays for it. */
interface Allocation {
  readonly client: Endpoint
  readonly relay: Socket
  readonly channels: Map<number, Endpoint>
}

/** As much of a TURN server (RFC 8656) as a connection needs; one user, UDP, IPv4, no expiry. */
export class TurnServer {
  readonly username = 'user'
  readonly credential = 'pass'
  readonly allocations = new Map<string, Allocation>()
  /** What it grants, in seconds; nothing is said of it where undefined. */
  lifetimeS: number | undefined = 600
  refreshes = 0
  readonly #socket: Socket
  readonly #realm = 'test'
  readonly #key: Buffer

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#key = createHash('md5').update(`${this.username}:${this.#realm}:${this.credential}`).digest()
    socket.on('message', (data, from) => void this.#receive(data, from))
  }

  static async start(): Promise<TurnServer> {
    return new TurnServer(await bind())
  }

  get port(): number {
    return this.#socket.address().port
  }

  get iceServer(): RTCIceServer {
    const { username, credential } = this
    return { urls: `turn:127.0.0.1:${this.port}`, username, credential }
  }

  close(): void {
    this.#socket.close()
    for (const { relay } of this.allocations.values()) relay.close()
  }

  async #receive(data: Buffer, from: Endpoint): Promise<void> {
    const allocation = this.allocations.get(`${from.address}:${from.port}`)
    if (data[0] >= 0x40) {
      const peer = allocation?.channels.get(data.readUInt16BE(0))
      if (peer !== undefined) {
        allocation!.relay.send(data.subarray(4, 4 + data.readUInt16BE(2)), peer.port, peer.address)
      }
      return
    }
    const type = data.readUInt16BE(0)
    const attributes = attributesOf(data)
    const peerValue = attributes.get(ATTRIBUTE.xorPeerAddress)
    const peer = peerValue && decodeXorAddress(peerValue)
    if (type === 0x0016) {
      allocation?.relay.send(attributes.get(ATTRIBUTE.data)!, peer!.port, peer!.address)
      return
    }
    if (!attributes.has(ATTRIBUTE.username)) {
      this.#respond(data, from, type | 0x0110, [
        [ATTRIBUTE.errorCode, Buffer.from([0, 0, 4, 1])],
        [ATTRIBUTE.realm, Buffer.from(this.#realm)],
        [ATTRIBUTE.nonce, Buffer.from('nonce')]
      ])
      return
    }
    if (type === 0x0003) {
      const { relay } = await this.#allocate(from)
      this.#respond(data, from, 0x0103, [
        [ATTRIBUTE.xorRelayedAddress, encodeXorAddress(relay.address())],
        [ATTRIBUTE.xorMappedAddress, encodeXorAddress(from)],
        ...this.#lifetime()
      ])
      return
    }
    if (type === 0x0004) {
      this.refreshes++
      this.#respond(data, from, 0x0104, this.#lifetime())
      return
    }
    const channel = attributes.get(ATTRIBUTE.channelNumber)
    if (channel !== undefined && peer !== undefined) allocation?.channels.set(channel.readUInt16BE(0), peer)
    this.#respond(data, from, type | 0x0100, [])
  }

  #lifetime(): [number, Buffer][] {
    if (this.lifetimeS === undefined) return []
    const value = Buffer.alloc(4)
    value.writeUInt32BE(this.lifetimeS)
    return [[ATTRIBUTE.lifetime, value]]
  }

  async #allocate(client: Endpoint): Promise<Allocation> {
    const relay = await bind()
    const allocation: Allocation = { client, relay, channels: new Map() }
    this.allocations.set(`${client.address}:${client.port}`, allocation)
    relay.on('message', (data, from) => {
      const known = [...allocation.channels].find(
        ([, { address, port }]) => address === from.address && port === from.port
      )
      if (known === undefined) {
        this.#socket.send(dataIndication(data, from), client.port, client.address)
        return
      }
      const header = Buffer.alloc(4)
      header.writeUInt16BE(known[0], 0)
      header.writeUInt16BE(data.length, 2)
      this.#socket.send(Buffer.concat([header, data]), client.port, client.address)
    })
    return allocation
  }

  #respond(request: Buffer, to: Endpoint, type: number, attributes: [number, Buffer][]): void {
    const password = (type & 0x0110) === 0x0110 ? {} : { password: this.#key }
    const response = stunMessage({ type, transactionId: request.subarray(8, 20), attributes, ...password })
    this.#socket.send(response, to.port, to.address)
  }
}

/** What a TURN server sends its client where there is no channel. */
export function dataIndication(data: Buffer, from: Endpoint): Buffer {
  return stunMessage({
    type: 0x0017,
    attributes: [
      [ATTRIBUTE.xorPeerAddress, encodeXorAddress(from)],
      [ATTRIBUTE.data, data]
    ]
  })
}

/** A stream's way to a TURN server that speaks UDP only (RFC 8656 §12.5 has the framing). */
export async function startTurnOverTcp(port: number): Promise<{ port: number; close(): void }> {
  const streams = new Set<Stream>()
  const server = createServer((stream) => {
    const socket = createSocket('udp4')
    let rest = Buffer.alloc(0)
    streams.add(stream)
    stream.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      for (let length; rest.length >= 4 && rest.length >= padded((length = frameLength(rest)));) {
        socket.send(Buffer.from(rest.subarray(0, length)), port, '127.0.0.1')
        rest = rest.subarray(padded(length))
      }
    })
    socket.on('message', (data) => {
      stream.write(Buffer.concat([data, Buffer.alloc(padded(data.length) - data.length)]))
    })
    stream.on('error', () => undefined)
    stream.on('close', () => {
      streams.delete(stream)
      socket.close()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as Endpoint).port,
    close: () => {
      server.close()
      for (const stream of streams) stream.destroy()
    }
  }
}

function frameLength(data: Buffer): number {
  return (data[0] >= 0x40 ? 4 : 20) + data.readUInt16BE(2)
}

function padded(length: number): number {
  return (length + 3) & ~3
}
