import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodeEnvelope,
  decodeRetry,
  encodeEnvelope,
  encodeRetry,
  MAX_ENVELOPE_BYTES
} from '../src/envelope/envelope.ts'
import { decodeMessage1, decodeMessage2, encodeMessage1, encodeMessage2 } from '../src/handshake/payloads.ts'
import { encodeFrame, FrameDecoder } from '../src/paths/frames.ts'
import { peerIdBytes } from '../src/peer-key.ts'
import { decodePacket, encodePacket } from '../src/transport/packet.ts'
import { Transport } from '../src/transport/transport.ts'

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const serial = uint32
const peer = bytesOf(32).map(peerIdBytes)

const envelope = fc.record(
  {
    version: uint32,
    recipient: peer,
    session: bytesOf(16),
    kind: fc.constantFrom('message1' as const, 'message2' as const, 'retry' as const, 'transport' as const),
    number: uint32,
    body: fc.uint8Array({ maxLength: 300 }),
    cookie: fc.uint8Array({ maxLength: 32 })
  },
  { requiredKeys: ['version', 'recipient', 'session', 'kind', 'number', 'body'] }
)

const retry = fc.record(
  { cookie: fc.uint8Array({ maxLength: 32 }), versions: fc.array(uint32, { maxLength: 8 }) },
  { requiredKeys: ['versions'] }
)

const message1 = fc.record({
  initiator: peer,
  initiatorInstance: bytesOf(16),
  responderInstance: fc.oneof(bytesOf(0), bytesOf(16)),
  dialSerial: serial,
  proofs: fc.array(bytesOf(32), { maxLength: 4 }),
  offer: fc.uint8Array({ maxLength: 300 })
})

const message2 = fc.record({
  outcome: fc.constantFrom(
    ...(['answer', 'not-admitted', 'busy', 'closing', 'bad-offer', 'unknown-instance', 'superseded'] as const)
  ),
  responderInstance: bytesOf(16),
  voidSerial: serial,
  proofs: fc.array(bytesOf(32), { maxLength: 4 }),
  answer: fc.uint8Array({ maxLength: 300 })
})

const packet = fc.record({
  received: fc.integer({ min: 0, max: 2 ** 20 }),
  missing: fc.uint8Array({ maxLength: 64 }),
  firstMessage: uint32,
  messages: fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 64 }),
  close: fc.boolean(),
  proofs: fc.array(bytesOf(32), { maxLength: 4 })
})

interface Codec<T> {
  name: string
  values: fc.Arbitrary<T>
  encode: (value: T) => Uint8Array
  decode: (bytes: Uint8Array) => T | undefined
}

function codec<T>(
  name: string,
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown
): Codec<unknown> {
  return { name, values, encode: (value) => encode(value as T), decode }
}

const CODECS = [
  codec('envelope', envelope, encodeEnvelope, decodeEnvelope),
  codec('retry', retry, encodeRetry, decodeRetry),
  codec('message 1', message1, encodeMessage1, decodeMessage1),
  codec('message 2', message2, encodeMessage2, decodeMessage2),
  codec('packet', packet, encodePacket, decodePacket)
]

/** Bytes in all that a value holds on to. */
function weigh(value: unknown): number {
  if (value instanceof Uint8Array) {
    return value.length
  }
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, each) => sum + 8 + weigh(each), 0)
    : 8
}

describe('decoders', () => {
  for (const { name, values, encode, decode } of CODECS) {
    it(`${name}: what was encoded is decoded`, () => {
      fc.assert(
        fc.property(values, (value) =>
          assert.deepEqual({ ...(decode(encode(value)) as object) }, { ...(value as object) })
        )
      )
    })

    it(`${name}: arbitrary bytes neither throw nor grow`, () => {
      const arbitrary = fc.oneof(
        fc.uint8Array({ maxLength: 2000 }),
        // Near misses: a good one with some bytes altered, repeated or left out.
        fc
          .tuple(values, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat())
          .map(([value, edits, cut]) => {
            const bytes = encode(value)
            for (const [position, byte] of edits) {
              bytes[position % Math.max(1, bytes.length)] = byte
            }
            return cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes
          })
      )
      fc.assert(
        fc.property(arbitrary, (bytes) => {
          const decoded = decode(bytes)
          assert.ok(decoded === undefined || weigh(decoded) <= 9 * bytes.length + 200)
        }),
        { numRuns: 500 }
      )
    })
  }

  it('envelope: nothing above 16 KiB is looked at', () => {
    const value = {
      version: 1,
      recipient: peerIdBytes(new Uint8Array(32)),
      session: new Uint8Array(16),
      number: 0
    }
    const large = encodeEnvelope({ ...value, kind: 'transport', body: new Uint8Array(MAX_ENVELOPE_BYTES) })
    assert.equal(decodeEnvelope(large), undefined)
    const fits = encodeEnvelope({
      ...value,
      kind: 'transport',
      body: new Uint8Array(MAX_ENVELOPE_BYTES - 100)
    })
    assert.ok(decodeEnvelope(fits) !== undefined)
  })

  it('frames: come out as they went in, however the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        (envelopes, cuts) => {
          const stream = envelopes.flatMap((each) => [...encodeFrame(each)])
          const decoder = new FrameDecoder()
          const out: Uint8Array[] = []
          for (let index = 0, offset = 0; offset < stream.length; index++) {
            const length = cuts[index % cuts.length]
            out.push(...(decoder.push(Uint8Array.from(stream.slice(offset, offset + length))) ?? []))
            offset += length
          }
          assert.deepEqual(out, envelopes)
        }
      )
    )
  })

  it('frames: arbitrary bytes neither throw nor make more', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder()
        let read = 0
        for (const chunk of chunks) {
          const envelopes = decoder.push(chunk)
          if (envelopes === undefined) {
            return
          }
          read += envelopes.reduce((sum, each) => sum + each.length, 0)
        }
        assert.ok(read <= chunks.reduce((sum, chunk) => sum + chunk.length, 0))
      })
    )
  })

  it('transport: arbitrary packets neither throw nor say anything', () => {
    fc.assert(
      fc.property(uint32, fc.uint8Array({ maxLength: 200 }), (number, body) => {
        const key = new Uint8Array(32)
        const transport = new Transport({ sendKey: key, receiveKey: key, session: new Uint8Array(16) })
        assert.notEqual(transport.handleInput(number, body, 0, 0), 'taken')
        assert.equal(transport.pollEvent(), undefined)
        assert.equal(transport.pollTimeout(), undefined)
      })
    )
  })
})
