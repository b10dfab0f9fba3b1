// Generated from presence-record.proto by `npm run generate`.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var PresenceRecord;
(function (PresenceRecord) {
    let _codec;
    PresenceRecord.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.instance != null && obj.instance.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.instance);
                }
                if ((obj.sequence != null && obj.sequence !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.sequence);
                }
                if ((obj.ttlSeconds != null && obj.ttlSeconds !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.ttlSeconds);
                }
                if (obj.addresses != null && obj.addresses.length > 0) {
                    for (const value of obj.addresses) {
                        w.uint32(34);
                        w.bytes(value);
                    }
                }
                if (obj.services != null && obj.services.length > 0) {
                    for (const value of obj.services) {
                        w.uint32(42);
                        w.string(value);
                    }
                }
                if ((obj.gone != null && obj.gone !== false)) {
                    w.uint32(48);
                    w.bool(obj.gone);
                }
                if (obj.introducers != null && obj.introducers.length > 0) {
                    for (const value of obj.introducers) {
                        w.uint32(58);
                        w.bytes(value);
                    }
                }
                if ((obj.settled != null && obj.settled !== 0)) {
                    w.uint32(64);
                    w.uint64Number(obj.settled);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    instance: uint8ArrayAlloc(0),
                    sequence: 0,
                    ttlSeconds: 0,
                    addresses: [],
                    services: [],
                    gone: false,
                    introducers: [],
                    settled: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.instance = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.sequence = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.ttlSeconds = reader.uint32();
                            break;
                        }
                        case 4: {
                            if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements');
                            }
                            obj.addresses.push(reader.bytes());
                            break;
                        }
                        case 5: {
                            if (opts.limits?.services != null && obj.services.length === opts.limits.services) {
                                throw new MaxLengthError('Decode error - repeated field "services" had too many elements');
                            }
                            obj.services.push(reader.string());
                            break;
                        }
                        case 6: {
                            obj.gone = reader.bool();
                            break;
                        }
                        case 7: {
                            if (opts.limits?.introducers != null && obj.introducers.length === opts.limits.introducers) {
                                throw new MaxLengthError('Decode error - repeated field "introducers" had too many elements');
                            }
                            obj.introducers.push(reader.bytes());
                            break;
                        }
                        case 8: {
                            obj.settled = reader.uint64Number();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    addresses: 0,
                    services: 0,
                    introducers: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.instance`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.sequence`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.ttlSeconds`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements');
                            }
                            yield {
                                field: `${prefix}.addresses[]`,
                                index: obj.addresses,
                                value: reader.bytes()
                            };
                            obj.addresses++;
                            break;
                        }
                        case 5: {
                            if (opts.limits?.services != null && obj.services === opts.limits.services) {
                                throw new MaxLengthError('Streaming decode error - repeated field "services" had too many elements');
                            }
                            yield {
                                field: `${prefix}.services[]`,
                                index: obj.services,
                                value: reader.string()
                            };
                            obj.services++;
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.gone`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 7: {
                            if (opts.limits?.introducers != null && obj.introducers === opts.limits.introducers) {
                                throw new MaxLengthError('Streaming decode error - repeated field "introducers" had too many elements');
                            }
                            yield {
                                field: `${prefix}.introducers[]`,
                                index: obj.introducers,
                                value: reader.bytes()
                            };
                            obj.introducers++;
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.settled`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, PresenceRecord.codec());
    }
    PresenceRecord.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PresenceRecord.codec(), opts);
    }
    PresenceRecord.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PresenceRecord.codec(), opts);
    }
    PresenceRecord.stream = stream;
})(PresenceRecord || (PresenceRecord = {}));
