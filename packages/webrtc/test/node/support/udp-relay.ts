import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** What a datagram is going through. */
export type Direction = 'a to b' | 'b to a'

/**
 * Somebody on the path between two peers: each knows the other by an address of the relay's. It sees all datagrams,
 * may drop them, and can send any of its own, from the very address that the peer trusts.
 */
export class UdpRelay implements Disposable {
  /** Decides on each datagram; false drops it. */
  onDatagram: (data: Buffer, direction: Direction) => boolean = () => true
  readonly seen: { data: Buffer; direction: Direction }[] = []
  readonly #sockets: Readonly<Record<'a' | 'b', Socket>>
  readonly #peers = new Map<'a' | 'b', { address: string; port: number }>()

  private constructor(atA: Socket, atB: Socket) {
    this.#sockets = { a: atA, b: atB }
    for (const side of ['a', 'b'] as const) {
      this.#sockets[side].on('message', (data, { address, port }) => {
        this.#peers.set(side, { address, port })
        const direction = side === 'a' ? 'a to b' : 'b to a'
        this.seen.push({ data, direction })
        if (this.onDatagram(data, direction)) this.inject(data, direction)
      })
    }
  }

  static async create(address: string): Promise<UdpRelay> {
    const sockets = await Promise.all(
      [0, 1].map(async () => {
        const socket = createSocket('udp4')
        socket.bind(0, address)
        await once(socket, 'listening')
        return socket
      })
    )
    return new UdpRelay(sockets[0], sockets[1])
  }

  /** Sends as if it came from the other peer. */
  inject(data: Uint8Array, direction: Direction): void {
    const side = direction === 'a to b' ? 'b' : 'a'
    const peer = this.#peers.get(side)
    if (peer !== undefined) this.#sockets[side].send(data, peer.port, peer.address)
  }

  /** A candidate of one side's, as the other side is to see it: the relay's. Undefined for IPv6, which it does not do. */
  rewrite(line: string, side: 'a' | 'b'): string | undefined {
    const parts = line.split(' ')
    const [address, port] = [parts[4], Number(parts[5])]
    if (address.includes(':')) return undefined
    this.#peers.set(side, { address, port })
    const other = this.#sockets[side === 'a' ? 'b' : 'a'].address()
    parts[4] = other.address
    parts[5] = String(other.port)
    return parts.join(' ')
  }

  [Symbol.dispose](): void {
    this.#sockets.a.close()
    this.#sockets.b.close()
  }
}
