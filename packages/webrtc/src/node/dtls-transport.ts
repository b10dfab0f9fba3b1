import type { OnSent } from './ice/udp-socket.ts'
import { DtlsConnection, type DtlsConnectionInit, type DtlsEvent } from '../dtls/index.ts'

/** What the DTLS transport tells the connection. */
export interface DtlsTransportHandlers {
  /**
   * A datagram for the peer. Its bytes are another's when this returns, unless it returns true: then they are still to
   * be sent, and `onSent` is to be called for it when they are.
   */
  onDatagram(datagram: Uint8Array, onSent?: OnSent): boolean
  /** Application data, as soon as they are there, with the time of `performance.now()`. The bytes are another's when this returns. */
  onData(data: Uint8Array, now: number): void
  /** Anything else; data too where they came together with other events. */
  onEvent(event: DtlsEvent): void
}

/** Datagrams that come before the handshake may begin: a flight of the peer's, no more. */
const MAX_EARLY_DATAGRAMS = 16

/** What is written here is sent to nobody. */
const nowhere = new Uint8Array(2048)

/** Drives a `DtlsConnection` with the clock and a timer. */
export class DtlsTransport {
  readonly #handlers: DtlsTransportHandlers
  readonly #early: Uint8Array[] = []
  #connection: DtlsConnection | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** When the datagram came that is being handled. */
  #now = 0

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

  /** Takes a datagram that came from the peer, and its memory with it. */
  handleDatagram(datagram: Uint8Array): void {
    if (this.#closed) return
    if (this.#connection === undefined) {
      if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(datagram)
      return
    }
    this.#now = performance.now()
    this.#connection.handleDatagram(datagram, this.#now, this.#onData)
    freeMemory(datagram)
    this.#drain()
  }

  /** Where the next SCTP packet is to be written. */
  get packetBuffer(): Uint8Array {
    return (this.#closed ? undefined : this.#connection?.buffer) ?? nowhere
  }

  /** Sends the SCTP packet in the first `length` bytes of `packetBuffer`; does nothing unless connected. */
  send(length: number): void {
    const datagram = this.#closed ? undefined : this.#connection?.sealBuffer(length)
    if (datagram !== undefined && this.#handlers.onDatagram(datagram, this.#onSent)) {
      this.#connection?.keepSealed()
    }
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

  readonly #onSent = (datagram: Uint8Array): void => {
    this.#connection?.release(datagram)
  }

  readonly #onData = (data: Uint8Array): void => {
    if (!this.#closed) this.#handlers.onData(data, this.#now)
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

/**
 * Gives the memory of a datagram back at once, if it has memory of its own. To leave that to the collector costs an
 * eighth of what a packet costs: nothing in the heap tells it how much there is to collect.
 */
function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
