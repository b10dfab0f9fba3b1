// Generated from payloads.proto by `npm run generate`.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
export var Message1
;(function (Message1) {
  let _codec
  Message1.codec = () => {
    if (_codec == null) {
      _codec = message(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork()
          }
          if (obj.initiator != null && obj.initiator.byteLength > 0) {
            w.uint32(10)
            w.bytes(obj.initiator)
          }
          if (obj.initiatorInstance != null && obj.initiatorInstance.byteLength > 0) {
            w.uint32(18)
            w.bytes(obj.initiatorInstance)
          }
          if (obj.responderInstance != null && obj.responderInstance.byteLength > 0) {
            w.uint32(26)
            w.bytes(obj.responderInstance)
          }
          if (obj.dialSerial != null && obj.dialSerial !== 0) {
            w.uint32(32)
            w.uint32(obj.dialSerial)
          }
          if (obj.proofs != null && obj.proofs.length > 0) {
            for (const value of obj.proofs) {
              w.uint32(42)
              w.bytes(value)
            }
          }
          if (obj.offer != null && obj.offer.byteLength > 0) {
            w.uint32(50)
            w.bytes(obj.offer)
          }
          if (opts.lengthDelimited !== false) {
            w.ldelim()
          }
        },
        (reader, length, opts = {}) => {
          const obj = {
            initiator: uint8ArrayAlloc(0),
            initiatorInstance: uint8ArrayAlloc(0),
            responderInstance: uint8ArrayAlloc(0),
            dialSerial: 0,
            proofs: [],
            offer: uint8ArrayAlloc(0)
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                obj.initiator = reader.bytes()
                break
              }
              case 2: {
                obj.initiatorInstance = reader.bytes()
                break
              }
              case 3: {
                obj.responderInstance = reader.bytes()
                break
              }
              case 4: {
                obj.dialSerial = reader.uint32()
                break
              }
              case 5: {
                if (opts.limits?.proofs != null && obj.proofs.length === opts.limits.proofs) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                if (obj.proofs.length === 4) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                obj.proofs.push(reader.bytes())
                break
              }
              case 6: {
                obj.offer = reader.bytes()
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
            proofs: 4
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.initiator`,
                  value: reader.bytes()
                }
                break
              }
              case 2: {
                yield {
                  field: `${prefix}.initiatorInstance`,
                  value: reader.bytes()
                }
                break
              }
              case 3: {
                yield {
                  field: `${prefix}.responderInstance`,
                  value: reader.bytes()
                }
                break
              }
              case 4: {
                yield {
                  field: `${prefix}.dialSerial`,
                  value: reader.uint32()
                }
                break
              }
              case 5: {
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
              case 6: {
                yield {
                  field: `${prefix}.offer`,
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
    return encodeMessage(obj, Message1.codec())
  }
  Message1.encode = encode
  function decode(buf, opts) {
    return decodeMessage(buf, Message1.codec(), opts)
  }
  Message1.decode = decode
  function stream(buf, opts) {
    return streamMessage(buf, Message1.codec(), opts)
  }
  Message1.stream = stream
})(Message1 || (Message1 = {}))
export var Message2
;(function (Message2) {
  let _codec
  Message2.codec = () => {
    if (_codec == null) {
      _codec = message(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork()
          }
          if (obj.outcome != null && obj.outcome !== 0) {
            w.uint32(8)
            w.uint32(obj.outcome)
          }
          if (obj.responderInstance != null && obj.responderInstance.byteLength > 0) {
            w.uint32(18)
            w.bytes(obj.responderInstance)
          }
          if (obj.voidSerial != null && obj.voidSerial !== 0) {
            w.uint32(24)
            w.uint32(obj.voidSerial)
          }
          if (obj.proofs != null && obj.proofs.length > 0) {
            for (const value of obj.proofs) {
              w.uint32(34)
              w.bytes(value)
            }
          }
          if (obj.answer != null && obj.answer.byteLength > 0) {
            w.uint32(42)
            w.bytes(obj.answer)
          }
          if (opts.lengthDelimited !== false) {
            w.ldelim()
          }
        },
        (reader, length, opts = {}) => {
          const obj = {
            outcome: 0,
            responderInstance: uint8ArrayAlloc(0),
            voidSerial: 0,
            proofs: [],
            answer: uint8ArrayAlloc(0)
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                obj.outcome = reader.uint32()
                break
              }
              case 2: {
                obj.responderInstance = reader.bytes()
                break
              }
              case 3: {
                obj.voidSerial = reader.uint32()
                break
              }
              case 4: {
                if (opts.limits?.proofs != null && obj.proofs.length === opts.limits.proofs) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                if (obj.proofs.length === 4) {
                  throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
                }
                obj.proofs.push(reader.bytes())
                break
              }
              case 5: {
                obj.answer = reader.bytes()
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
            proofs: 4
          }
          const end = length == null ? reader.len : reader.pos + length
          while (reader.pos < end) {
            const tag = reader.uint32()
            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.outcome`,
                  value: reader.uint32()
                }
                break
              }
              case 2: {
                yield {
                  field: `${prefix}.responderInstance`,
                  value: reader.bytes()
                }
                break
              }
              case 3: {
                yield {
                  field: `${prefix}.voidSerial`,
                  value: reader.uint32()
                }
                break
              }
              case 4: {
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
              case 5: {
                yield {
                  field: `${prefix}.answer`,
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
    return encodeMessage(obj, Message2.codec())
  }
  Message2.encode = encode
  function decode(buf, opts) {
    return decodeMessage(buf, Message2.codec(), opts)
  }
  Message2.decode = decode
  function stream(buf, opts) {
    return streamMessage(buf, Message2.codec(), opts)
  }
  Message2.stream = stream
})(Message2 || (Message2 = {}))
