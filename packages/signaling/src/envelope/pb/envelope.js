// Generated from envelope.proto by `npm run generate`.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
export var Envelope
;(function (Envelope) {
  let _codec
  Envelope.codec = () => {
    if (_codec == null) {
      _codec = message(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork()
          }
          if (obj.version != null && obj.version !== 0) {
            w.uint32(8)
            w.uint32(obj.version)
          }
          if (obj.recipient != null && obj.recipient.byteLength > 0) {
            w.uint32(18)
            w.bytes(obj.recipient)
          }
          if (obj.session != null && obj.session.byteLength > 0) {
            w.uint32(26)
            w.bytes(obj.session)
          }
          if (obj.kind != null && obj.kind !== 0) {
            w.uint32(32)
            w.uint32(obj.kind)
          }
          if (obj.number != null && obj.number !== 0) {
            w.uint32(40)
            w.uint32(obj.number)
          }
          if (obj.body != null && obj.body.byteLength > 0) {
            w.uint32(50)
            w.bytes(obj.body)
          }
          if (obj.cookie != null) {
            w.uint32(58)
            w.bytes(obj.cookie)
          }
          if (opts.lengthDelimited !== false) {
            w.ldelim()
          }
        },
        (reader, length, opts = {}) => {
          const obj = {
            version: 0,
            recipient: uint8ArrayAlloc(0),
            session: uint8ArrayAlloc(0),
            kind: 0,
            number: 0,
            body: uint8ArrayAlloc(0)
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                obj.version = reader.uint32()
                break
              }
              case 2: {
                obj.recipient = reader.bytes()
                break
              }
              case 3: {
                obj.session = reader.bytes()
                break
              }
              case 4: {
                obj.kind = reader.uint32()
                break
              }
              case 5: {
                obj.number = reader.uint32()
                break
              }
              case 6: {
                obj.body = reader.bytes()
                break
              }
              case 7: {
                obj.cookie = reader.bytes()
                break
              }
              default: {
                reader.skipType(tag & 7)
                break
              }
            }
          }
          return obj
        },
        function* (reader, length, prefix, opts = {}) {
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.version`,
                  value: reader.uint32()
                }
                break
              }
              case 2: {
                yield {
                  field: `${prefix}.recipient`,
                  value: reader.bytes()
                }
                break
              }
              case 3: {
                yield {
                  field: `${prefix}.session`,
                  value: reader.bytes()
                }
                break
              }
              case 4: {
                yield {
                  field: `${prefix}.kind`,
                  value: reader.uint32()
                }
                break
              }
              case 5: {
                yield {
                  field: `${prefix}.number`,
                  value: reader.uint32()
                }
                break
              }
              case 6: {
                yield {
                  field: `${prefix}.body`,
                  value: reader.bytes()
                }
                break
              }
              case 7: {
                yield {
                  field: `${prefix}.cookie`,
                  value: reader.bytes()
                }
                break
              }
              default: {
                reader.skipType(tag & 7)
                break
              }
            }
          }
        }
      )
    }
    return _codec
  }
  function encode(obj) {
    return encodeMessage(obj, Envelope.codec())
  }
  Envelope.encode = encode
  function decode(buf, opts) {
    return decodeMessage(buf, Envelope.codec(), opts)
  }
  Envelope.decode = decode
  function stream(buf, opts) {
    return streamMessage(buf, Envelope.codec(), opts)
  }
  Envelope.stream = stream
})(Envelope || (Envelope = {}))
export var Retry
;(function (Retry) {
  let _codec
  Retry.codec = () => {
    if (_codec == null) {
      _codec = message(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork()
          }
          if (obj.cookie != null) {
            w.uint32(10)
            w.bytes(obj.cookie)
          }
          if (obj.versions != null && obj.versions.length > 0) {
            for (const value of obj.versions) {
              w.uint32(16)
              w.uint32(value)
            }
          }
          if (opts.lengthDelimited !== false) {
            w.ldelim()
          }
        },
        (reader, length, opts = {}) => {
          const obj = {
            versions: []
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                obj.cookie = reader.bytes()
                break
              }
              case 2: {
                if (opts.limits?.versions != null && obj.versions.length === opts.limits.versions) {
                  throw new MaxLengthError('Decode error - repeated field "versions" had too many elements')
                }
                if (obj.versions.length === 8) {
                  throw new MaxLengthError('Decode error - repeated field "versions" had too many elements')
                }
                obj.versions.push(reader.uint32())
                break
              }
              default: {
                reader.skipType(tag & 7)
                break
              }
            }
          }
          return obj
        },
        function* (reader, length, prefix, opts = {}) {
          const obj = {
            versions: 8
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.cookie`,
                  value: reader.bytes()
                }
                break
              }
              case 2: {
                if (opts.limits?.versions != null && obj.versions === opts.limits.versions) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "versions" had too many elements'
                  )
                }
                if (obj.versions === 8) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "versions" had too many elements'
                  )
                }
                yield {
                  field: `${prefix}.versions[]`,
                  index: obj.versions,
                  value: reader.uint32()
                }
                obj.versions++
                break
              }
              default: {
                reader.skipType(tag & 7)
                break
              }
            }
          }
        }
      )
    }
    return _codec
  }
  function encode(obj) {
    return encodeMessage(obj, Retry.codec())
  }
  Retry.encode = encode
  function decode(buf, opts) {
    return decodeMessage(buf, Retry.codec(), opts)
  }
  Retry.decode = decode
  function stream(buf, opts) {
    return streamMessage(buf, Retry.codec(), opts)
  }
  Retry.stream = stream
})(Retry || (Retry = {}))
