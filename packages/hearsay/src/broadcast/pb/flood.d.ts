// Generated from flood.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Flood {
    instance: Uint8Array;
    counter: number;
    codec: string;
    body: Uint8Array;
}
export declare namespace Flood {
    const codec: () => Codec<Flood>;
    interface FloodInstanceFieldEvent {
        field: '$.instance';
        value: Uint8Array;
    }
    interface FloodCounterFieldEvent {
        field: '$.counter';
        value: number;
    }
    interface FloodCodecFieldEvent {
        field: '$.codec';
        value: string;
    }
    interface FloodBodyFieldEvent {
        field: '$.body';
        value: Uint8Array;
    }
    function encode(obj: Partial<Flood>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Flood>): Flood;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Flood>): Generator<FloodInstanceFieldEvent | FloodCounterFieldEvent | FloodCodecFieldEvent | FloodBodyFieldEvent>;
}
