// Generated from packet.proto by `npm run generate`.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
export var Packet
;(function (Packet) {
  let _codec
  Packet.codec = () => {
    if (_codec == null) {
      _codec = message(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork()
          }
          if (obj.received != null && obj.received !== 0) {
            w.uint32(8)
            w.uint32(obj.received)
          }
          if (obj.missing != null && obj.missing.byteLength > 0) {
            w.uint32(18)
            w.bytes(obj.missing)
          }
          if (obj.firstMessage != null && obj.firstMessage !== 0) {
            w.uint32(24)
            w.uint32(obj.firstMessage)
          }
          if (obj.messages != null && obj.messages.length > 0) {
            for (const value of obj.messages) {
              w.uint32(34)
              w.bytes(value)
            }
          }
          if (obj.close != null && obj.close !== false) {
            w.uint32(40)
            w.bool(obj.close)
          }
          if (obj.proofs != null && obj.proofs.length > 0) {
            for (const value of obj.proofs) {
              w.uint32(50)
              w.bytes(value)
            }
          }
          if (opts.lengthDelimited !== false) {
            w.ldelim()
          }
        },
        (reader, length, opts = {}) => {
          const obj = {
            received: 0,
            missing: uint8ArrayAlloc(0),
            firstMessage: 0,
            messages: [],
            close: false,
            proofs: []
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                obj.received = reader.uint32()
                break
              }
              case 2: {
                obj.missing = reader.bytes()
                break
              }
              case 3: {
                obj.firstMessage = reader.uint32()
                break
              }
              case 4: {
                if (opts.limits?.messages != null && obj.messages.length === opts.limits.messages) {
                  throw new MaxLengthError('Decode error - repeated field "messages" had too many elements')
                }
                if (obj.messages.length === 64) {
                  throw new MaxLengthError('Decode error - repeated field "messages" had too many elements')
                }
                obj.messages.push(reader.bytes())
                break
              }
              case 5: {
                obj.close = reader.bool()
                break
              }
              case 6: {
                if (opts.limits?.proofs != null && obj.proofs.length === opts.limits.proofs) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                if (obj.proofs.length === 4) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                obj.proofs.push(reader.bytes())
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
            messages: 64,
            proofs: 4
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.received`,
                  value: reader.uint32()
                }
                break
              }
              case 2: {
                yield {
                  field: `${prefix}.missing`,
                  value: reader.bytes()
                }
                break
              }
              case 3: {
                yield {
                  field: `${prefix}.firstMessage`,
                  value: reader.uint32()
                }
                break
              }
              case 4: {
                if (opts.limits?.messages != null && obj.messages === opts.limits.messages) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "messages" had too many elements'
                  )
                }
                if (obj.messages === 64) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "messages" had too many elements'
                  )
                }
                yield {
                  field: `${prefix}.messages[]`,
                  index: obj.messages,
                  value: reader.bytes()
                }
                obj.messages++
                break
              }
              case 5: {
                yield {
                  field: `${prefix}.close`,
                  value: reader.bool()
                }
                break
              }
              case 6: {
                if (opts.limits?.proofs != null && obj.proofs === opts.limits.proofs) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "proofs" had too many elements'
                  )
                }
                if (obj.proofs === 4) {
                  throw new MaxLengthError(
                    'Streaming decode error - repeated field "proofs" had too many elements'
                  )
                }
                yield {
                  field: `${prefix}.proofs[]`,
                  index: obj.proofs,
                  value: reader.bytes()
                }
                obj.proofs++
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
    return encodeMessage(obj, Packet.codec())
  }
  Packet.encode = encode
  function decode(buf, opts) {
    return decodeMessage(buf, Packet.codec(), opts)
  }
  Packet.decode = decode
  function stream(buf, opts) {
    return streamMessage(buf, Packet.codec(), opts)
  }
  Packet.stream = stream
})(Packet || (Packet = {}))
