// Generated from envelope.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export declare enum Kind {
    UNKNOWN = "UNKNOWN",
    MESSAGE_1 = "MESSAGE_1",
    MESSAGE_2 = "MESSAGE_2",
    RETRY = "RETRY",
    TRANSPORT = "TRANSPORT"
}
export declare namespace Kind {
    const codec: () => Codec<Kind>;
}
export interface Envelope {
    version: number;
    recipient: Uint8Array<ArrayBuffer>;
    session: Uint8Array<ArrayBuffer>;
    kind: Kind;
    number: number;
    body: Uint8Array<ArrayBuffer>;
    cookie?: Uint8Array<ArrayBuffer>;
}
export declare namespace Envelope {
    const codec: () => Codec<Envelope>;
    interface EnvelopeVersionFieldEvent {
        field: '$.version';
        value: number;
    }
    interface EnvelopeRecipientFieldEvent {
        field: '$.recipient';
        value: Uint8Array<ArrayBuffer>;
    }
    interface EnvelopeSessionFieldEvent {
        field: '$.session';
        value: Uint8Array<ArrayBuffer>;
    }
    interface EnvelopeKindFieldEvent {
        field: '$.kind';
        value: Kind;
    }
    interface EnvelopeNumberFieldEvent {
        field: '$.number';
        value: number;
    }
    interface EnvelopeBodyFieldEvent {
        field: '$.body';
        value: Uint8Array<ArrayBuffer>;
    }
    interface EnvelopeCookieFieldEvent {
        field: '$.cookie';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Envelope>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Envelope;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Generator<EnvelopeVersionFieldEvent | EnvelopeRecipientFieldEvent | EnvelopeSessionFieldEvent | EnvelopeKindFieldEvent | EnvelopeNumberFieldEvent | EnvelopeBodyFieldEvent | EnvelopeCookieFieldEvent>;
}
export interface Retry {
    cookie?: Uint8Array<ArrayBuffer>;
    versions: number[];
}
export declare namespace Retry {
    const codec: () => Codec<Retry>;
    interface RetryCookieFieldEvent {
        field: '$.cookie';
        value: Uint8Array<ArrayBuffer>;
    }
    interface RetryVersionsFieldEvent {
        field: '$.versions[]';
        index: number;
        value: number;
    }
    function encode(obj: Partial<Retry>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Retry>): Retry;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Retry>): Generator<RetryCookieFieldEvent | RetryVersionsFieldEvent>;
}
