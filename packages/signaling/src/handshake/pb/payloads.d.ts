// Generated from payloads.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'
export interface Message1 {
  initiator: Uint8Array
  initiatorInstance: Uint8Array
  responderInstance: Uint8Array
  dialSerial: number
  proofs: Uint8Array[]
  offer: Uint8Array
}
export declare namespace Message1 {
  const codec: () => Codec<Message1>
  interface Message1InitiatorFieldEvent {
    field: '$.initiator'
    value: Uint8Array
  }
  interface Message1InitiatorInstanceFieldEvent {
    field: '$.initiatorInstance'
    value: Uint8Array
  }
  interface Message1ResponderInstanceFieldEvent {
    field: '$.responderInstance'
    value: Uint8Array
  }
  interface Message1DialSerialFieldEvent {
    field: '$.dialSerial'
    value: number
  }
  interface Message1ProofsFieldEvent {
    field: '$.proofs[]'
    index: number
    value: Uint8Array
  }
  interface Message1OfferFieldEvent {
    field: '$.offer'
    value: Uint8Array
  }
  function encode(obj: Partial<Message1>): Uint8Array
  function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message1>): Message1
  function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Message1>
  ): Generator<
    | Message1InitiatorFieldEvent
    | Message1InitiatorInstanceFieldEvent
    | Message1ResponderInstanceFieldEvent
    | Message1DialSerialFieldEvent
    | Message1ProofsFieldEvent
    | Message1OfferFieldEvent
  >
}
export interface Message2 {
  outcome: number
  responderInstance: Uint8Array
  voidSerial: number
  proofs: Uint8Array[]
  answer: Uint8Array
}
export declare namespace Message2 {
  const codec: () => Codec<Message2>
  interface Message2OutcomeFieldEvent {
    field: '$.outcome'
    value: number
  }
  interface Message2ResponderInstanceFieldEvent {
    field: '$.responderInstance'
    value: Uint8Array
  }
  interface Message2VoidSerialFieldEvent {
    field: '$.voidSerial'
    value: number
  }
  interface Message2ProofsFieldEvent {
    field: '$.proofs[]'
    index: number
    value: Uint8Array
  }
  interface Message2AnswerFieldEvent {
    field: '$.answer'
    value: Uint8Array
  }
  function encode(obj: Partial<Message2>): Uint8Array
  function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message2>): Message2
  function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Message2>
  ): Generator<
    | Message2OutcomeFieldEvent
    | Message2ResponderInstanceFieldEvent
    | Message2VoidSerialFieldEvent
    | Message2ProofsFieldEvent
    | Message2AnswerFieldEvent
  >
}
