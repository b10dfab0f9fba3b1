// Generated from packet.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'
export interface Packet {
  received: number
  missing: Uint8Array
  firstMessage: number
  messages: Uint8Array[]
  close: boolean
  proofs: Uint8Array[]
}
export declare namespace Packet {
  const codec: () => Codec<Packet>
  interface PacketReceivedFieldEvent {
    field: '$.received'
    value: number
  }
  interface PacketMissingFieldEvent {
    field: '$.missing'
    value: Uint8Array
  }
  interface PacketFirstMessageFieldEvent {
    field: '$.firstMessage'
    value: number
  }
  interface PacketMessagesFieldEvent {
    field: '$.messages[]'
    index: number
    value: Uint8Array
  }
  interface PacketCloseFieldEvent {
    field: '$.close'
    value: boolean
  }
  interface PacketProofsFieldEvent {
    field: '$.proofs[]'
    index: number
    value: Uint8Array
  }
  function encode(obj: Partial<Packet>): Uint8Array
  function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Packet>): Packet
  function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Packet>
  ): Generator<
    | PacketReceivedFieldEvent
    | PacketMissingFieldEvent
    | PacketFirstMessageFieldEvent
    | PacketMessagesFieldEvent
    | PacketCloseFieldEvent
    | PacketProofsFieldEvent
  >
}
