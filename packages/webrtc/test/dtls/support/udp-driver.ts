import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { DtlsConnection } from '../../../src/dtls/connection.ts'
import type { DtlsEvent } from '../../../src/dtls/events.ts'

/** Runs a `DtlsConnection` over a UDP socket on loopback. */
export class UdpDriver {
  readonly socket: Socket
  readonly #connection: DtlsConnection
  readonly #events: DtlsEvent[] = []
  #remotePort: number | undefined
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined

  private constructor(socket: Socket, connection: DtlsConnection) {
    this.socket = socket
    this.#connection = connection
    socket.on('message', (datagram, { port }) => {
      this.#remotePort ??= port
      connection.handleDatagram(datagram, performance.now())
      this.#drain()
    })
  }

  static async bind(connection: DtlsConnection): Promise<UdpDriver> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new UdpDriver(socket, connection)
  }

  get port(): number {
    return this.socket.address().port
  }

  /** @param remotePort where to send to; a server learns it from the first datagram */
  start(remotePort?: number): void {
    this.#remotePort = remotePort
    this.#connection.start(performance.now())
    this.#drain()
  }

  send(data: Uint8Array): void {
    this.#connection.send(data)
    this.#drain()
  }

  /** The next event, as soon as there is one. */
  async next(): Promise<DtlsEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async close(): Promise<void> {
    this.#connection.close()
    this.#drain()
    clearTimeout(this.#timer)
    // Lets go of the socket only after what was sent has left.
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.socket.close()
    await once(this.socket, 'close')
  }

  #drain(): void {
    const connection = this.#connection
    for (let datagram = connection.pollDatagram(); datagram; datagram = connection.pollDatagram()) {
      if (this.#remotePort !== undefined) this.socket.send(datagram, this.#remotePort, '127.0.0.1')
    }
    for (let event = connection.pollEvent(); event; event = connection.pollEvent()) this.#events.push(event)
    if (this.#events.length > 0) this.#wake?.()
    clearTimeout(this.#timer)
    const due = connection.pollTimeout()
    if (due === undefined) return
    this.#timer = setTimeout(
      () => {
        connection.handleTimeout(performance.now())
        this.#drain()
      },
      Math.max(0, due - performance.now())
    )
  }
}
