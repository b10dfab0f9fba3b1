// Generated from flood.proto by `npm run generate`.
import { decodeMessage, encodeMessage, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Flood;
(function (Flood) {
    let _codec;
    Flood.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.instance != null && obj.instance.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.instance);
                }
                if ((obj.counter != null && obj.counter !== 0)) {
                    w.uint32(16);
                    w.uint64Number(obj.counter);
                }
                if ((obj.codec != null && obj.codec !== '')) {
                    w.uint32(26);
                    w.string(obj.codec);
                }
                if ((obj.body != null && obj.body.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.body);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    instance: uint8ArrayAlloc(0),
                    counter: 0,
                    codec: '',
                    body: uint8ArrayAlloc(0)
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
                            obj.counter = reader.uint64Number();
                            break;
                        }
                        case 3: {
                            obj.codec = reader.string();
                            break;
                        }
                        case 4: {
                            obj.body = reader.bytes();
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
                                field: `${prefix}.counter`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.codec`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.body`,
                                value: reader.bytes()
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
        return encodeMessage(obj, Flood.codec());
    }
    Flood.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Flood.codec(), opts);
    }
    Flood.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Flood.codec(), opts);
    }
    Flood.stream = stream;
})(Flood || (Flood = {}));
