// Generated from presence-record.proto by `npm run generate`.
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface PresenceRecord {
    instance: Uint8Array;
    sequence: number;
    ttlSeconds: number;
    addresses: Uint8Array[];
    services: string[];
    gone: boolean;
    introducers: Uint8Array[];
    settled: number;
}
export declare namespace PresenceRecord {
    const codec: () => Codec<PresenceRecord>;
    interface PresenceRecordInstanceFieldEvent {
        field: '$.instance';
        value: Uint8Array;
    }
    interface PresenceRecordSequenceFieldEvent {
        field: '$.sequence';
        value: number;
    }
    interface PresenceRecordTtlSecondsFieldEvent {
        field: '$.ttlSeconds';
        value: number;
    }
    interface PresenceRecordAddressesFieldEvent {
        field: '$.addresses[]';
        index: number;
        value: Uint8Array;
    }
    interface PresenceRecordServicesFieldEvent {
        field: '$.services[]';
        index: number;
        value: string;
    }
    interface PresenceRecordGoneFieldEvent {
        field: '$.gone';
        value: boolean;
    }
    interface PresenceRecordIntroducersFieldEvent {
        field: '$.introducers[]';
        index: number;
        value: Uint8Array;
    }
    interface PresenceRecordSettledFieldEvent {
        field: '$.settled';
        value: number;
    }
    function encode(obj: Partial<PresenceRecord>): Uint8Array;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PresenceRecord>): PresenceRecord;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PresenceRecord>): Generator<PresenceRecordInstanceFieldEvent | PresenceRecordSequenceFieldEvent | PresenceRecordTtlSecondsFieldEvent | PresenceRecordAddressesFieldEvent | PresenceRecordServicesFieldEvent | PresenceRecordGoneFieldEvent | PresenceRecordIntroducersFieldEvent | PresenceRecordSettledFieldEvent>;
}
