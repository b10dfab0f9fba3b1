import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

/**
 * Asked of the kernel, which may grant less: at 100 MB/s it bridges 10 ms in which the event loop is busy. Without it
 * the default of about 208 KiB overflows.
 */
const RECEIVE_BUFFER_BYTES = 1 << 20

/** A transport address: IP and port. */
export type TransportAddress = readonly [address: string, port: number]

/**
 * A UDP socket bound to one local address, in the shape that werift's `StunProtocol` wants of its transport. Unlike
 * werift's own it is bound to the candidate's address, survives socket errors, and asks for a large receive buffer.
 *
 * The seam for foreign sockets (bound by hand, tunnelled, simulated): one that comes in this shape takes part in ICE
 * where `gatherHost()` in gatherer.ts calls `bind()`.
 */
export class UdpSocket {
  readonly type = 'udp'
  readonly addressFamily: 4 | 6
  readonly #socket: Socket
  closed = false
  onData: (data: Buffer, from: TransportAddress) => void = () => undefined

  private constructor(socket: Socket, family: 4 | 6) {
    this.#socket = socket
    this.addressFamily = family
    // An error here is about one datagram (an unreachable network, say); checks and consent notice what it means.
    socket.on('error', () => undefined)
    socket.on('message', (data, { address, port }) => {
      this.onData(data, [address, port])
    })
  }

  /** @throws {Error} if the address cannot be bound */
  static async bind(address: string): Promise<UdpSocket> {
    const family = address.includes(':') ? 6 : 4
    const socket = createSocket(
      family === 6 ? { type: 'udp6', ipv6Only: true, lookup: noLookup } : { type: 'udp4', lookup: noLookup }
    )
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address, port: 0 }, () => {
        socket.off('error', reject)
        resolve()
      })
    }).catch((error: unknown) => {
      socket.close()
      throw error
    })
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    } catch {
      // The kernel's default must do.
    }
    return new UdpSocket(socket, family)
  }

  get address(): AddressInfo {
    return this.#socket.address()
  }

  get port(): number {
    return this.address.port
  }

  /** Sends and forgets: what is lost on the wire and what the kernel refuses look the same to ICE. */
  readonly send = (data: Uint8Array, to?: TransportAddress): Promise<void> => {
    if (!this.closed && to !== undefined) this.#socket.send(data, to[1], to[0], ignore)
    return Promise.resolve()
  }

  readonly close = (): Promise<void> => {
    if (!this.closed) {
      this.closed = true
      this.#socket.close()
    }
    return Promise.resolve()
  }
}

/**
 * All destinations are IP addresses. Node's own lookup would put every datagram off to a later tick, and one that is
 * sent right before `close()` would be lost.
 */
function noLookup(
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void
): void {
  callback(null, address, address.includes(':') ? 6 : 4)
}

function ignore(): void {
  // See send().
}
