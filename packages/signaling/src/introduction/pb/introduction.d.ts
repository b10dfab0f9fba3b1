// Generated from introduction.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Introduction {
    kind: number;
    peer: Uint8Array;
    reason: number;
    envelope: Uint8Array;
}
export declare namespace Introduction {
    const codec: () => Codec<Introduction>;
    interface IntroductionKindFieldEvent {
        field: '$.kind';
        value: number;
    }
    interface IntroductionPeerFieldEvent {
        field: '$.peer';
        value: Uint8Array;
    }
    interface IntroductionReasonFieldEvent {
        field: '$.reason';
        value: number;
    }
    interface IntroductionEnvelopeFieldEvent {
        field: '$.envelope';
        value: Uint8Array;
    }
    function encode(obj: Partial<Introduction>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Introduction>): Introduction;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Introduction>): Generator<IntroductionKindFieldEvent | IntroductionPeerFieldEvent | IntroductionReasonFieldEvent | IntroductionEnvelopeFieldEvent>;
}
