import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { probeUdpHandles, type SendRequest, type UdpHandle, type UdpHandleAccess } from './udp-handle.ts'

/**
 * Asked of the kernel, which may grant less (Linux doubles what it grants): at 100 MB/s it bridges 40 ms in which the
 * event loop is busy. Without it the default of about 208 KiB overflows.
 */
const BUFFER_BYTES = 1 << 22
/**
 * What may wait in a receive buffer of any size: beyond half a megabyte it is only more delay, and memory that no cache
 * holds any more.
 */
const MAX_WINDOW = 512 * 1024
/** The part of a buffer that datagrams of a full packet fill; the kernel counts its own overhead. */
const PAYLOAD_PART = 0.5
/** Datagrams that wait until the kernel has room again; beyond, they are lost as on a full link. */
const MAX_WAITING = 64

/** A transport address: IP and port. */
export type TransportAddress = readonly [address: string, port: number]

/** A datagram whose memory was still in use has been sent, or never will be. */
export type OnSent = (datagram: Uint8Array) => void

/**
 * A UDP socket bound to one local address, in the shape that werift's `StunProtocol` wants of its transport. Unlike
 * werift's own it is bound to the candidate's address, survives socket errors, and asks for large buffers.
 *
 * The seam for foreign sockets (bound by hand, tunnelled, simulated): one that comes in this shape takes part in ICE
 * where `gatherHost()` in gatherer.ts calls `bind()`. A datagram that goes to `onData` is handed over for good: one that
 * fills its `ArrayBuffer` is detached once it has been read.
 */
export class UdpSocket {
  readonly type = 'udp'
  readonly addressFamily: 4 | 6
  readonly #socket: Socket
  /** Below the socket, where it is as expected. */
  readonly #handle: UdpHandle | undefined
  readonly #access: UdpHandleAccess | undefined
  readonly #list: Uint8Array[] = []
  #request: SendRequest | undefined
  #waiting = 0
  /** The latest sender. */
  #from: TransportAddress = ['', 0]
  /**
   * Bytes of packets that the kernel keeps for a socket while we are busy, as far as it granted what it was asked for:
   * what may be in flight to a peer that is as near and, for all we know, is granted the same.
   */
  static window = MAX_WINDOW
  closed = false
  onData: (data: Buffer, from: TransportAddress) => void = () => undefined

  private constructor(socket: Socket, family: 4 | 6, access: UdpHandleAccess | undefined) {
    this.#socket = socket
    this.#access = access
    this.#handle = access?.handleOf(socket)
    this.addressFamily = family
    // An error here is about one datagram (an unreachable network, say); checks and consent notice what it means.
    socket.on('error', () => undefined)
    if (this.#handle === undefined) {
      socket.on('message', (data, from) => {
        this.#receive(data, from)
      })
    } else {
      this.#handle.onmessage = (length, _handle, data, from) => {
        if (length > 0 && data !== undefined) this.#receive(data, from)
      }
    }
  }

  /**
   * @param probe finds the way to the handles below sockets
   * @throws {Error} if the address cannot be bound
   */
  static async bind(address: string, probe = probeUdpHandles): Promise<UdpSocket> {
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
      socket.setRecvBufferSize(BUFFER_BYTES)
      socket.setSendBufferSize(BUFFER_BYTES)
      UdpSocket.window = Math.min(MAX_WINDOW, socket.getRecvBufferSize() * PAYLOAD_PART)
    } catch {
      // The kernel's default must do.
    }
    return new UdpSocket(socket, family, probe(socket))
  }

  get address(): AddressInfo {
    return this.#socket.address()
  }

  get port(): number {
    return this.address.port
  }

  /** Sends and forgets: what is lost on the wire and what the kernel refuses look the same to ICE. */
  readonly send = (data: Uint8Array, to?: TransportAddress): Promise<void> => {
    if (to !== undefined) this.transmit(data, to[0], to[1])
    return Promise.resolve()
  }

  /**
   * As `send()`, for many datagrams.
   *
   * @returns whether the datagram's memory is still in use: then it must stay as it is until `onSent`
   */
  transmit(datagram: Uint8Array, address: string, port: number, onSent?: OnSent): boolean {
    if (this.closed || this.#waiting >= MAX_WAITING) return false
    if (this.#handle === undefined || this.#access === undefined) {
      this.#waiting++
      this.#socket.send(datagram.slice(), port, address, () => {
        this.#waiting--
      })
      return false
    }
    this.#request ??= this.#access.createRequest()
    const isCopied = this.#waiting > 0
    const memory = isCopied ? datagram.slice() : datagram
    this.#list[0] = memory
    if (this.#handle.send(this.#request, this.#list, 1, port, address, true) !== 0) return false
    this.#waiting++
    // It also keeps the memory from being collected so long.
    this.#request.oncomplete = () => {
      this.#waiting--
      if (!isCopied) onSent?.(memory)
    }
    this.#request = undefined
    return !isCopied
  }

  readonly close = (): Promise<void> => {
    if (!this.closed) {
      this.closed = true
      this.#socket.close()
    }
    return Promise.resolve()
  }

  #receive(data: Buffer, { address, port }: { readonly address: string; readonly port: number }): void {
    // Most come from the same peer: its address stays the same object, by which the guard knows it again.
    if (port !== this.#from[1] || address !== this.#from[0]) this.#from = [address, port]
    this.onData(data, this.#from)
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
