import { attempt, MAX_MESSAGE_BYTES } from '../envelope/envelope.ts'
import { areProofs } from '../rooms/proof.ts'
import { Packet as Wire } from './pb/packet.js'
import { WINDOW } from './replay-window.ts'

/** No key seals more packets than this: a new handshake is due before. */
export const MAX_PACKETS = 2 ** 20

/** So many messages ride in one packet at most. */
export const MAX_PACKET_MESSAGES = 64

/** So far below the highest number an ack tells what is missing: no sender waits for anything older. */
export const ACK_RANGE = WINDOW / 2

/** What a transport packet says inside. */
export interface Packet {
  /** One more than the highest packet number that has come; 0 where none has. */
  readonly received: number
  /** Bit i tells that the packet `received - 2 - i` has not come. */
  readonly missing: Uint8Array
  /** Sequence number of the first message in here. */
  readonly firstMessage: number
  readonly messages: readonly Uint8Array[]
  /** After these messages there are no more. */
  readonly close: boolean
  /** Of rooms that the sender is a member of, beside those proven in the handshake. */
  readonly proofs: readonly Uint8Array[]
}

export function encodePacket(packet: Packet): Uint8Array {
  return Wire.encode({ ...packet, messages: [...packet.messages], proofs: [...packet.proofs] })
}

/** Undefined where the bytes are no packet. Never throws. */
export function decodePacket(bytes: Uint8Array): Packet | undefined {
  const wire = attempt(() => Wire.decode(bytes))
  if (
    wire === undefined ||
    wire.received > MAX_PACKETS ||
    wire.missing.length > ACK_RANGE / 8 ||
    wire.messages.some((message) => message.length > MAX_MESSAGE_BYTES) ||
    !areProofs(wire.proofs)
  ) {
    return undefined
  }
  return wire
}

/** Whether the packet asks to be acked: bare acks do not, or the two sides would ack each other's for ever. */
export function elicitsAck(packet: Packet): boolean {
  return packet.messages.length > 0 || packet.proofs.length > 0 || packet.close
}
