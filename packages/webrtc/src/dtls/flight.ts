import { concatBytes } from './byte-writer.ts'
import { HANDSHAKE_HEADER_LENGTH, encodeFragment } from './handshake-message.ts'
import type { HandshakeMessage } from './handshake-message.ts'
import { ContentType } from './protocol.ts'
import type { RecordWriter } from './record-writer.ts'

/** A piece of a flight. It is kept unsealed, since every transmission takes new record numbers. */
export type FlightItem =
  | { readonly kind: 'handshake'; readonly message: HandshakeMessage; readonly isProtected: boolean }
  | { readonly kind: 'change-cipher-spec' }

/** Messages that are sent, and sent again, together (RFC 6347, section 4.2.4). */
export type Flight = readonly FlightItem[]

/** The one message of the ChangeCipherSpec protocol (RFC 5246, section 7.1). */
const CHANGE_CIPHER_SPEC = Uint8Array.of(1)

/** A message is split to fill up a datagram only if at least this much of it fits. */
const MIN_FRAGMENT_LENGTH = 32

/** Puts a flight into as few datagrams of at most `mtu` bytes as it takes. */
export function packFlight(flight: Flight, writer: RecordWriter, mtu: number): Uint8Array[] {
  const packer = new DatagramPacker(mtu)
  for (const item of flight) {
    if (item.kind === 'change-cipher-spec') {
      const record = writer.plaintext(ContentType.changeCipherSpec, CHANGE_CIPHER_SPEC)
      packer.add(record)
      continue
    }
    const { message, isProtected } = item
    const overhead =
      (isProtected ? writer.protectedOverhead : writer.plaintextOverhead) + HANDSHAKE_HEADER_LENGTH
    let offset = 0
    do {
      const left = message.body.length - offset
      const length = Math.min(left, packer.roomFor(Math.min(left, MIN_FRAGMENT_LENGTH) + overhead) - overhead)
      const fragment = encodeFragment(message, offset, length)
      packer.add(
        isProtected
          ? writer.protected(ContentType.handshake, fragment)
          : writer.plaintext(ContentType.handshake, fragment)
      )
      offset += length
    } while (offset < message.body.length)
  }
  return packer.datagrams()
}

class DatagramPacker {
  readonly #mtu: number
  readonly #datagrams: Uint8Array[][] = []
  #room = 0

  constructor(mtu: number) {
    this.#mtu = mtu
  }

  /** Room in the datagram at hand, or in a new one if that is too small. */
  roomFor(length: number): number {
    if (length > this.#room) {
      this.#datagrams.push([])
      this.#room = this.#mtu
    }
    return this.#room
  }

  add(record: Uint8Array): void {
    this.roomFor(record.length)
    this.#datagrams.at(-1)?.push(record)
    this.#room -= record.length
  }

  datagrams(): Uint8Array[] {
    return this.#datagrams.map((records) => concatBytes(...records))
  }
}
