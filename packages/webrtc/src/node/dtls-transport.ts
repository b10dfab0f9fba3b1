import { DtlsConnection, type DtlsConnectionInit, type DtlsEvent } from '../dtls/index.ts'

/** What the DTLS transport tells the connection. */
export interface DtlsTransportHandlers {
  onDatagram(datagram: Uint8Array): void
  onEvent(event: DtlsEvent): void
}

/** Datagrams that come before the handshake may begin: a flight of the peer's, no more. */
const MAX_EARLY_DATAGRAMS = 16

/** Drives a `DtlsConnection` with the clock and a timer. */
export class DtlsTransport {
  readonly #handlers: DtlsTransportHandlers
  readonly #early: Uint8Array[] = []
  #connection: DtlsConnection | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(handlers: DtlsTransportHandlers) {
    this.#handlers = handlers
  }

  get isStarted(): boolean {
    return this.#connection !== undefined
  }

  /** Records that were left aside, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return { ...this.#connection?.drops }
  }

  /** @throws {DtlsError} if `init` is not usable */
  start(init: DtlsConnectionInit): void {
    if (this.#closed || this.#connection !== undefined) return
    this.#connection = new DtlsConnection(init)
    this.#connection.start(performance.now())
    for (const datagram of this.#early.splice(0)) {
      this.#connection.handleDatagram(datagram, performance.now())
    }
    this.#drain()
  }

  handleDatagram(datagram: Uint8Array): void {
    if (this.#closed) return
    if (this.#connection === undefined) {
      if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(datagram)
      return
    }
    this.#connection.handleDatagram(datagram, performance.now())
    this.#drain()
  }

  /** Sends an SCTP packet; does nothing unless connected. */
  send(data: Uint8Array): void {
    if (this.#closed || this.#connection?.state !== 'connected') return
    this.#connection.send(data)
    this.#drain()
  }

  /** Sends close_notify. */
  close(): void {
    if (this.#closed) return
    this.#connection?.close()
    this.#drain()
    this.#closed = true
    clearTimeout(this.#timer)
    this.#early.length = 0
  }

  #drain(): void {
    const connection = this.#connection
    if (connection === undefined) return
    for (let datagram; (datagram = connection.pollDatagram()) !== undefined;) {
      this.#handlers.onDatagram(datagram)
    }
    for (let event; (event = connection.pollEvent()) !== undefined;) {
      if (!this.#closed) this.#handlers.onEvent(event)
    }
    this.#arm(connection)
  }

  #arm(connection: DtlsConnection): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const dueAt = this.#closed ? undefined : connection.pollTimeout()
    if (dueAt === undefined) return
    this.#timer = setTimeout(
      () => {
        connection.handleTimeout(performance.now())
        this.#drain()
      },
      Math.max(0, Math.ceil(dueAt - performance.now()))
    )
  }
}
