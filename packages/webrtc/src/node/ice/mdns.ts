import { createSocket, type Socket } from 'node:dgram'

const MDNS_ADDRESS = '224.0.0.251'
const MDNS_PORT = 5353
/** A name that has not been answered by then is not on this link. */
const LOOKUP_TIMEOUT_MS = 3000
/** Questions are repeated, since multicast is lossy (RFC 6762 §5.2). */
const REPEAT_MS = 1000
/** A description may hold many names; a peer has one or two. */
const MAX_LOOKUPS = 8

/** Resolves the `.local` names that browsers put into host candidates (RFC 6762). IPv4 only. */
export class MdnsResolver {
  readonly #pending = new Map<string, (address: string | undefined) => void>()
  #socket: Socket | undefined

  /** Resolves to undefined if nobody answers, or if this machine has no multicast. Never rejects. */
  async resolve(name: string): Promise<string | undefined> {
    if (this.#pending.size >= MAX_LOOKUPS || this.#pending.has(name)) return undefined
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    this.#pending.set(name, resolve)
    const socket = (this.#socket ??= this.#open())
    const ask = (): void => {
      socket.send(encodeQuestion(name), MDNS_PORT, MDNS_ADDRESS, () => undefined)
    }
    const repeat = setInterval(ask, REPEAT_MS)
    const timeout = setTimeout(resolve, LOOKUP_TIMEOUT_MS, undefined)
    socket.once('listening', ask)
    if (isBound(socket)) ask()
    try {
      return await promise
    } finally {
      clearInterval(repeat)
      clearTimeout(timeout)
      this.#pending.delete(name)
      if (this.#pending.size === 0) this.close()
    }
  }

  /** Ends all lookups. */
  close(): void {
    for (const resolve of this.#pending.values()) resolve(undefined)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #open(): Socket {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    socket.on('error', () => {
      for (const resolve of this.#pending.values()) resolve(undefined)
    })
    socket.on('message', (data) => {
      for (const [name, address] of decodeAddresses(data)) this.#pending.get(name)?.(address)
    })
    socket.bind(MDNS_PORT, () => {
      try {
        socket.addMembership(MDNS_ADDRESS)
      } catch {
        // Without multicast nobody answers, and the lookups time out.
      }
    })
    return socket
  }
}

function isBound(socket: Socket): boolean {
  try {
    return socket.address().port > 0
  } catch {
    return false
  }
}

/** A question for the A record of a name. */
export function encodeQuestion(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  const header = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])])
}

/** The A records of a response; nothing of what is not one. Never throws. */
export function decodeAddresses(data: Buffer): [name: string, address: string][] {
  const found: [string, string][] = []
  if (data.length < 12 || (data[2] & 0x80) === 0) return found
  let offset = 12
  for (let left = data.readUInt16BE(4); left > 0; left--) {
    const name = readName(data, offset)
    if (name === undefined) return found
    offset = name.end + 4
  }
  for (let left = data.readUInt16BE(6) + data.readUInt16BE(8) + data.readUInt16BE(10); left > 0; left--) {
    const name = readName(data, offset)
    if (name === undefined || name.end + 10 > data.length) return found
    const type = data.readUInt16BE(name.end)
    const length = data.readUInt16BE(name.end + 8)
    const start = name.end + 10
    offset = start + length
    if (offset > data.length) return found
    if (type === 1 && length === 4) found.push([name.text, data.subarray(start, offset).join('.')])
  }
  return found
}

/** A name with its dots (RFC 1035 §3.1): pointers let a short datagram repeat a long one very often. */
const MAX_NAME_LENGTH = 253

/** Reads a name with its compression pointers, which may only point backwards (RFC 1035 §4.1.4). */
function readName(data: Buffer, start: number): { text: string; end: number } | undefined {
  const labels: string[] = []
  let nameLength = -1
  let offset = start
  let end: number | undefined
  let limit = start
  for (;;) {
    const length = data[offset]
    if (length === undefined || labels.length > 16) return undefined
    if (length >= 0xc0) {
      const low = data[offset + 1]
      if (low === undefined) return undefined
      const target = ((length & 0x3f) << 8) | low
      if (target >= limit) return undefined
      end ??= offset + 2
      limit = target
      offset = target
    } else if (length === 0) {
      return { text: labels.join('.').toLowerCase(), end: end ?? offset + 1 }
    } else {
      nameLength += length + 1
      if (length > 63 || nameLength > MAX_NAME_LENGTH || offset + 1 + length > data.length) return undefined
      labels.push(data.toString('latin1', offset + 1, offset + 1 + length))
      offset += 1 + length
    }
  }
}
