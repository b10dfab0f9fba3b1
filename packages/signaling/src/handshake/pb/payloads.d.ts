// Generated from payloads.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Message1 {
    initiator: Uint8Array<ArrayBuffer>;
    initiatorInstance: Uint8Array<ArrayBuffer>;
    responderInstance: Uint8Array<ArrayBuffer>;
    dialSerial: bigint;
    proofs: Uint8Array<ArrayBuffer>[];
    offer: Uint8Array<ArrayBuffer>;
}
export declare namespace Message1 {
    const codec: () => Codec<Message1>;
    interface Message1InitiatorFieldEvent {
        field: '$.initiator';
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message1InitiatorInstanceFieldEvent {
        field: '$.initiatorInstance';
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message1ResponderInstanceFieldEvent {
        field: '$.responderInstance';
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message1DialSerialFieldEvent {
        field: '$.dialSerial';
        value: bigint;
    }
    interface Message1ProofsFieldEvent {
        field: '$.proofs[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message1OfferFieldEvent {
        field: '$.offer';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Message1>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message1>): Message1;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message1>): Generator<Message1InitiatorFieldEvent | Message1InitiatorInstanceFieldEvent | Message1ResponderInstanceFieldEvent | Message1DialSerialFieldEvent | Message1ProofsFieldEvent | Message1OfferFieldEvent>;
}
export declare enum Outcome {
    UNKNOWN = "UNKNOWN",
    ANSWER = "ANSWER",
    NOT_ADMITTED = "NOT_ADMITTED",
    BUSY = "BUSY",
    CLOSING = "CLOSING",
    BAD_OFFER = "BAD_OFFER",
    UNKNOWN_INSTANCE = "UNKNOWN_INSTANCE"
}
export declare namespace Outcome {
    const codec: () => Codec<Outcome>;
}
export interface Message2 {
    outcome: Outcome;
    responderInstance: Uint8Array<ArrayBuffer>;
    voidSerial: bigint;
    proof: Uint8Array<ArrayBuffer>;
    answer: Uint8Array<ArrayBuffer>;
}
export declare namespace Message2 {
    const codec: () => Codec<Message2>;
    interface Message2OutcomeFieldEvent {
        field: '$.outcome';
        value: Outcome;
    }
    interface Message2ResponderInstanceFieldEvent {
        field: '$.responderInstance';
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message2VoidSerialFieldEvent {
        field: '$.voidSerial';
        value: bigint;
    }
    interface Message2ProofFieldEvent {
        field: '$.proof';
        value: Uint8Array<ArrayBuffer>;
    }
    interface Message2AnswerFieldEvent {
        field: '$.answer';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Message2>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message2>): Message2;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message2>): Generator<Message2OutcomeFieldEvent | Message2ResponderInstanceFieldEvent | Message2VoidSerialFieldEvent | Message2ProofFieldEvent | Message2AnswerFieldEvent>;
}
