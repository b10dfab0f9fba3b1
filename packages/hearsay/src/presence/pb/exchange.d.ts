// Generated from exchange.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Hello {
    topic: string;
    proof: Uint8Array;
}
export declare namespace Hello {
    const codec: () => Codec<Hello>;
    interface HelloTopicFieldEvent {
        field: '$.topic';
        value: string;
    }
    interface HelloProofFieldEvent {
        field: '$.proof';
        value: Uint8Array;
    }
    function encode(obj: Partial<Hello>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloTopicFieldEvent | HelloProofFieldEvent>;
}
export interface Frame {
    digest?: Digest;
    compare?: Compare;
    list?: List;
    want?: Want;
    records?: Records;
}
export declare namespace Frame {
    const codec: () => Codec<Frame>;
    interface FrameDigestRecordsFieldEvent {
        field: '$.digest.records';
        value: Uint8Array;
    }
    interface FrameDigestMembersFieldEvent {
        field: '$.digest.members';
        value: Uint8Array;
    }
    interface FrameDigestCountFieldEvent {
        field: '$.digest.count';
        value: number;
    }
    interface FrameDigestNewsFieldEvent {
        field: '$.digest.news';
        value: Uint8Array;
    }
    interface FrameComparePartsFieldEvent {
        field: '$.compare.parts';
        value: Uint8Array;
    }
    interface FrameListPartsFieldEvent {
        field: '$.list.parts';
        value: Uint8Array;
    }
    interface FrameListFingerprintsFieldEvent {
        field: '$.list.fingerprints';
        value: Uint8Array;
    }
    interface FrameWantFingerprintsFieldEvent {
        field: '$.want.fingerprints';
        value: Uint8Array;
    }
    interface FrameRecordsHeldSealedFieldEvent {
        field: '$.records.held[].sealed';
        value: Uint8Array;
        index: number;
    }
    interface FrameRecordsHeldRemainingSecondsFieldEvent {
        field: '$.records.held[].remainingSeconds';
        value: number;
        index: number;
    }
    interface FrameRecordsAbsentFieldEvent {
        field: '$.records.absent';
        value: Uint8Array;
    }
    function encode(obj: Partial<Frame>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frame>): Frame;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frame>): Generator<FrameDigestRecordsFieldEvent | FrameDigestMembersFieldEvent | FrameDigestCountFieldEvent | FrameDigestNewsFieldEvent | FrameComparePartsFieldEvent | FrameListPartsFieldEvent | FrameListFingerprintsFieldEvent | FrameWantFingerprintsFieldEvent | FrameRecordsHeldSealedFieldEvent | FrameRecordsHeldRemainingSecondsFieldEvent | FrameRecordsAbsentFieldEvent>;
}
export interface Digest {
    records: Uint8Array;
    members: Uint8Array;
    count: number;
    news: Uint8Array;
}
export declare namespace Digest {
    const codec: () => Codec<Digest>;
    interface DigestRecordsFieldEvent {
        field: '$.records';
        value: Uint8Array;
    }
    interface DigestMembersFieldEvent {
        field: '$.members';
        value: Uint8Array;
    }
    interface DigestCountFieldEvent {
        field: '$.count';
        value: number;
    }
    interface DigestNewsFieldEvent {
        field: '$.news';
        value: Uint8Array;
    }
    function encode(obj: Partial<Digest>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Digest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Generator<DigestRecordsFieldEvent | DigestMembersFieldEvent | DigestCountFieldEvent | DigestNewsFieldEvent>;
}
export interface Compare {
    parts: Uint8Array;
}
export declare namespace Compare {
    const codec: () => Codec<Compare>;
    interface ComparePartsFieldEvent {
        field: '$.parts';
        value: Uint8Array;
    }
    function encode(obj: Partial<Compare>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Compare>): Compare;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Compare>): Generator<ComparePartsFieldEvent>;
}
export interface List {
    parts: Uint8Array;
    fingerprints: Uint8Array;
}
export declare namespace List {
    const codec: () => Codec<List>;
    interface ListPartsFieldEvent {
        field: '$.parts';
        value: Uint8Array;
    }
    interface ListFingerprintsFieldEvent {
        field: '$.fingerprints';
        value: Uint8Array;
    }
    function encode(obj: Partial<List>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): List;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): Generator<ListPartsFieldEvent | ListFingerprintsFieldEvent>;
}
export interface Want {
    fingerprints: Uint8Array;
}
export declare namespace Want {
    const codec: () => Codec<Want>;
    interface WantFingerprintsFieldEvent {
        field: '$.fingerprints';
        value: Uint8Array;
    }
    function encode(obj: Partial<Want>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantFingerprintsFieldEvent>;
}
export interface Records {
    held: Held[];
    absent: Uint8Array;
}
export declare namespace Records {
    const codec: () => Codec<Records>;
    interface RecordsHeldSealedFieldEvent {
        field: '$.held[].sealed';
        value: Uint8Array;
        index: number;
    }
    interface RecordsHeldRemainingSecondsFieldEvent {
        field: '$.held[].remainingSeconds';
        value: number;
        index: number;
    }
    interface RecordsAbsentFieldEvent {
        field: '$.absent';
        value: Uint8Array;
    }
    function encode(obj: Partial<Records>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Records;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Generator<RecordsHeldSealedFieldEvent | RecordsHeldRemainingSecondsFieldEvent | RecordsAbsentFieldEvent>;
}
export interface Held {
    sealed: Uint8Array;
    remainingSeconds: number;
}
export declare namespace Held {
    const codec: () => Codec<Held>;
    interface HeldSealedFieldEvent {
        field: '$.sealed';
        value: Uint8Array;
    }
    interface HeldRemainingSecondsFieldEvent {
        field: '$.remainingSeconds';
        value: number;
    }
    function encode(obj: Partial<Held>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Held;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Generator<HeldSealedFieldEvent | HeldRemainingSecondsFieldEvent>;
}
