// Generated from envelope.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'
export interface Envelope {
  version: number
  recipient: Uint8Array
  session: Uint8Array
  kind: number
  number: number
  body: Uint8Array
  cookie?: Uint8Array
}
export declare namespace Envelope {
  const codec: () => Codec<Envelope>
  interface EnvelopeVersionFieldEvent {
    field: '$.version'
    value: number
  }
  interface EnvelopeRecipientFieldEvent {
    field: '$.recipient'
    value: Uint8Array
  }
  interface EnvelopeSessionFieldEvent {
    field: '$.session'
    value: Uint8Array
  }
  interface EnvelopeKindFieldEvent {
    field: '$.kind'
    value: number
  }
  interface EnvelopeNumberFieldEvent {
    field: '$.number'
    value: number
  }
  interface EnvelopeBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }
  interface EnvelopeCookieFieldEvent {
    field: '$.cookie'
    value: Uint8Array
  }
  function encode(obj: Partial<Envelope>): Uint8Array
  function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Envelope
  function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Envelope>
  ): Generator<
    | EnvelopeVersionFieldEvent
    | EnvelopeRecipientFieldEvent
    | EnvelopeSessionFieldEvent
    | EnvelopeKindFieldEvent
    | EnvelopeNumberFieldEvent
    | EnvelopeBodyFieldEvent
    | EnvelopeCookieFieldEvent
  >
}
export interface Retry {
  cookie?: Uint8Array
  versions: number[]
}
export declare namespace Retry {
  const codec: () => Codec<Retry>
  interface RetryCookieFieldEvent {
    field: '$.cookie'
    value: Uint8Array
  }
  interface RetryVersionsFieldEvent {
    field: '$.versions[]'
    index: number
    value: number
  }
  function encode(obj: Partial<Retry>): Uint8Array
  function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Retry>): Retry
  function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Retry>
  ): Generator<RetryCookieFieldEvent | RetryVersionsFieldEvent>
}
