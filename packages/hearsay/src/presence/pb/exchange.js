// Generated from exchange.proto by `npm run generate`.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Hello;
(function (Hello) {
    let _codec;
    Hello.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.topic != null && obj.topic !== '')) {
                    w.uint32(10);
                    w.string(obj.topic);
                }
                if ((obj.proof != null && obj.proof.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.proof);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    topic: '',
                    proof: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.topic = reader.string();
                            break;
                        }
                        case 2: {
                            obj.proof = reader.bytes();
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
                                field: `${prefix}.topic`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.proof`,
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
        return encodeMessage(obj, Hello.codec());
    }
    Hello.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Hello.codec(), opts);
    }
    Hello.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Hello.codec(), opts);
    }
    Hello.stream = stream;
})(Hello || (Hello = {}));
export var Frame;
(function (Frame) {
    let _codec;
    Frame.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.digest != null) {
                    w.uint32(10);
                    Digest.codec().encode(obj.digest, w);
                }
                if (obj.compare != null) {
                    w.uint32(18);
                    Compare.codec().encode(obj.compare, w);
                }
                if (obj.list != null) {
                    w.uint32(26);
                    List.codec().encode(obj.list, w);
                }
                if (obj.want != null) {
                    w.uint32(34);
                    Want.codec().encode(obj.want, w);
                }
                if (obj.records != null) {
                    w.uint32(42);
                    Records.codec().encode(obj.records, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {};
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.digest = Digest.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.digest
                            });
                            break;
                        }
                        case 2: {
                            obj.compare = Compare.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.compare
                            });
                            break;
                        }
                        case 3: {
                            obj.list = List.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.list
                            });
                            break;
                        }
                        case 4: {
                            obj.want = Want.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 5: {
                            obj.records = Records.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.records
                            });
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
                            yield* Digest.codec().stream(reader, reader.uint32(), `${prefix}.digest`, {
                                limits: opts.limits?.digest
                            });
                            break;
                        }
                        case 2: {
                            yield* Compare.codec().stream(reader, reader.uint32(), `${prefix}.compare`, {
                                limits: opts.limits?.compare
                            });
                            break;
                        }
                        case 3: {
                            yield* List.codec().stream(reader, reader.uint32(), `${prefix}.list`, {
                                limits: opts.limits?.list
                            });
                            break;
                        }
                        case 4: {
                            yield* Want.codec().stream(reader, reader.uint32(), `${prefix}.want`, {
                                limits: opts.limits?.want
                            });
                            break;
                        }
                        case 5: {
                            yield* Records.codec().stream(reader, reader.uint32(), `${prefix}.records`, {
                                limits: opts.limits?.records
                            });
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
        return encodeMessage(obj, Frame.codec());
    }
    Frame.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Frame.codec(), opts);
    }
    Frame.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Frame.codec(), opts);
    }
    Frame.stream = stream;
})(Frame || (Frame = {}));
export var Digest;
(function (Digest) {
    let _codec;
    Digest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.records != null && obj.records.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.records);
                }
                if ((obj.members != null && obj.members.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.members);
                }
                if ((obj.count != null && obj.count !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.count);
                }
                if ((obj.news != null && obj.news.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.news);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    records: uint8ArrayAlloc(0),
                    members: uint8ArrayAlloc(0),
                    count: 0,
                    news: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.records = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.members = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.count = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.news = reader.bytes();
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
                                field: `${prefix}.records`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.members`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.count`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.news`,
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
        return encodeMessage(obj, Digest.codec());
    }
    Digest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Digest.codec(), opts);
    }
    Digest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Digest.codec(), opts);
    }
    Digest.stream = stream;
})(Digest || (Digest = {}));
export var Compare;
(function (Compare) {
    let _codec;
    Compare.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.parts != null && obj.parts.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.parts);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    parts: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.parts = reader.bytes();
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
                                field: `${prefix}.parts`,
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
        return encodeMessage(obj, Compare.codec());
    }
    Compare.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Compare.codec(), opts);
    }
    Compare.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Compare.codec(), opts);
    }
    Compare.stream = stream;
})(Compare || (Compare = {}));
export var List;
(function (List) {
    let _codec;
    List.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.parts != null && obj.parts.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.parts);
                }
                if ((obj.fingerprints != null && obj.fingerprints.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.fingerprints);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    parts: uint8ArrayAlloc(0),
                    fingerprints: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.parts = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.fingerprints = reader.bytes();
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
                                field: `${prefix}.parts`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.fingerprints`,
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
        return encodeMessage(obj, List.codec());
    }
    List.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, List.codec(), opts);
    }
    List.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, List.codec(), opts);
    }
    List.stream = stream;
})(List || (List = {}));
export var Want;
(function (Want) {
    let _codec;
    Want.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.fingerprints != null && obj.fingerprints.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.fingerprints);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    fingerprints: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.fingerprints = reader.bytes();
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
                                field: `${prefix}.fingerprints`,
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
        return encodeMessage(obj, Want.codec());
    }
    Want.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Want.codec(), opts);
    }
    Want.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Want.codec(), opts);
    }
    Want.stream = stream;
})(Want || (Want = {}));
export var Records;
(function (Records) {
    let _codec;
    Records.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.held != null && obj.held.length > 0) {
                    for (const value of obj.held) {
                        w.uint32(10);
                        Held.codec().encode(value, w);
                    }
                }
                if ((obj.absent != null && obj.absent.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.absent);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    held: [],
                    absent: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.held != null && obj.held.length === opts.limits.held) {
                                throw new MaxLengthError('Decode error - repeated field "held" had too many elements');
                            }
                            obj.held.push(Held.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.held$
                            }));
                            break;
                        }
                        case 2: {
                            obj.absent = reader.bytes();
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
                    held: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.held != null && obj.held === opts.limits.held) {
                                throw new MaxLengthError('Streaming decode error - repeated field "held" had too many elements');
                            }
                            for (const evt of Held.codec().stream(reader, reader.uint32(), `${prefix}.held[]`, {
                                limits: opts.limits?.held$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.held
                                };
                            }
                            obj.held++;
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.absent`,
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
        return encodeMessage(obj, Records.codec());
    }
    Records.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Records.codec(), opts);
    }
    Records.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Records.codec(), opts);
    }
    Records.stream = stream;
})(Records || (Records = {}));
export var Held;
(function (Held) {
    let _codec;
    Held.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.sealed != null && obj.sealed.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.sealed);
                }
                if ((obj.remainingSeconds != null && obj.remainingSeconds !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.remainingSeconds);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    sealed: uint8ArrayAlloc(0),
                    remainingSeconds: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.sealed = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.remainingSeconds = reader.uint32();
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
                                field: `${prefix}.sealed`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.remainingSeconds`,
                                value: reader.uint32()
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
        return encodeMessage(obj, Held.codec());
    }
    Held.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Held.codec(), opts);
    }
    Held.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Held.codec(), opts);
    }
    Held.stream = stream;
})(Held || (Held = {}));
