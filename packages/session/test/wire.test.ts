import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeChannelFrame, encodeChannelFrame, type ChannelFrame } from '../src/channels/frame.ts'
import {
  announce,
  assignIds,
  readAnnouncements,
  writeAnnouncements
} from '../src/channels/channel-announcement.ts'
import { resolveChannelOptions } from '../src/channels/channel-options.ts'
import { decodeControlFrame, encodeControlFrame, type ControlFrame } from '../src/control/control-frame.ts'
import {
  decodeSignalPayload,
  encodeSignalPayload,
  type SignalPayload
} from '../src/negotiation/signal-payload.ts'
import { ByteReader } from '../src/wire/byte-reader.ts'
import { ByteWriter } from '../src/wire/byte-writer.ts'
import { record } from './support/record.ts'
import { truncateUtf8, utf8Length } from '../src/wire/text.ts'

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const text = (maxBytes: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', maxLength: maxBytes })
    .map((value) => truncateUtf8(value.toWellFormed(), maxBytes))
const count = fc.maxSafeNat()
const reason = record({ code: text(64), message: text(1024) })

const controlFrame: fc.Arbitrary<ControlFrame> = fc.oneof(
  record({
    type: fc.constant('hello' as const),
    version: fc.nat(255),
    mac: fc.uint8Array({ minLength: 32, maxLength: 32 })
  }),
  record({ type: fc.constant('bye' as const), reason }),
  fc.constant<ControlFrame>({ type: 'bye-ack' }),
  record({ type: fc.constantFrom('ping' as const, 'pong' as const), token: count }),
  record({ type: fc.constant('signal' as const), payload: bytes(300) })
)

const header = fc.oneof(
  fc.constant({ kind: 'message' as const }),
  record({ kind: fc.constant('message' as const), mark: count }),
  record({ kind: fc.constant('notify' as const), type: text(128) }),
  record({ kind: fc.constant('request' as const), id: count, type: text(128) }),
  record({ kind: fc.constant('response' as const), id: count }),
  record({ kind: fc.constant('error' as const), id: count, code: text(64) })
)

const channelFrame: fc.Arbitrary<ChannelFrame> = fc.oneof(
  record({ header, empty: fc.boolean(), total: count, end: fc.boolean(), body: bytes(300) }).map((frame) => ({
    type: 'begin' as const,
    ...frame,
    total: frame.end ? frame.body.length : frame.total
  })),
  record({
    type: fc.constant('continue' as const),
    lane: fc.constantFrom('messages' as const, 'replies' as const),
    end: fc.boolean(),
    body: bytes(300)
  }),
  record({ type: fc.constant('cancel' as const), id: count }),
  record({
    type: fc.constant('abandon' as const),
    lane: fc.constantFrom('messages' as const, 'replies' as const)
  }),
  record({ type: fc.constant('credit' as const), limit: count, maxMessageSize: count }),
  record({ type: fc.constant('fin' as const), frames: count })
)

const candidate = record({
  foundation: fc.constantFrom('1', 'abc'),
  protocol: fc.constant('udp' as const),
  priority: fc.nat(2 ** 32 - 1),
  address: fc.ipV4(),
  port: fc.integer({ min: 1, max: 65_535 }),
  type: fc.constant('host' as const)
})

const description = record({
  iceUfrag: fc.constantFrom('abcd', 'wxyz'),
  fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  setup: fc.constantFrom('actpass' as const, 'active' as const, 'passive' as const),
  candidates: fc.array(candidate, { maxLength: 5 }),
  endOfCandidates: fc.boolean()
}).map((data) => ({
  sessionId: '42',
  sessionVersion: 1,
  data: {
    rejected: false as const,
    mid: '0',
    protocol: 'UDP/DTLS/SCTP' as const,
    icePwd: 'p'.repeat(24),
    iceOptions: ['trickle' as const],
    iceLite: false,
    sctpPort: 5000,
    maxMessageSize: 65_536,
    ...data
  }
}))

const announcement = record({
  label: fc.string({ minLength: 1, maxLength: 20 }),
  kind: fc.constantFrom('reliable' as const, 'realtime' as const, 'bulk' as const),
  codec: fc.constantFrom('json', 'own'),
  ordered: fc.boolean()
}).chain((base) => fc.constantFrom(base, { ...base, maxRetransmits: 3 }, { ...base, maxPacketLifeTime: 200 }))

const announcements = fc.uniqueArray(announcement, { maxLength: 8, selector: ({ label }) => label })

const signalPayload: fc.Arbitrary<SignalPayload> = fc.oneof(
  record({
    type: fc.constantFrom('offer' as const, 'answer' as const),
    generation: count,
    channels: announcements,
    description
  }),
  record({
    type: fc.constant('description' as const),
    kind: fc.constantFrom('offer' as const, 'answer' as const),
    description
  }),
  record({
    type: fc.constant('candidates' as const),
    ufrag: text(256),
    batch: record({ candidates: fc.array(candidate, { maxLength: 5 }), endOfCandidates: fc.boolean() })
  }),
  fc.constant<SignalPayload>({ type: 'renewal' }),
  record({ type: fc.constant('close' as const), reason })
)

interface Codec<Value> {
  name: string
  arbitrary: fc.Arbitrary<Value>
  encode: (value: Value) => Uint8Array
  decode: (bytes: Uint8Array) => Value | undefined
}

function itIsACodec<Value>({ name, arbitrary, encode, decode }: Codec<Value>): void {
  describe(name, () => {
    it('gives back what was encoded', () => {
      fc.assert(fc.property(arbitrary, (value) => assert.deepEqual(decode(encode(value)), value)))
    })

    it('takes arbitrary bytes without throwing', () => {
      fc.assert(fc.property(bytes(400), (garbage) => void decode(garbage)))
    })

    it('takes altered and truncated encodings without throwing', () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.nat(255), (value, position, byte) => {
          const encoded = encode(value).slice()
          decode(encoded.subarray(0, position % (encoded.length + 1)))
          encoded[position % encoded.length] = byte
          decode(encoded)
        })
      )
    })
  })
}

itIsACodec({
  name: 'control frames',
  arbitrary: controlFrame,
  encode: encodeControlFrame,
  decode: decodeControlFrame
})
itIsACodec({
  name: 'channel frames',
  arbitrary: channelFrame,
  encode: encodeChannelFrame,
  decode: decodeChannelFrame
})
itIsACodec({
  name: 'signaling payloads',
  arbitrary: signalPayload,
  encode: encodeSignalPayload,
  decode: decodeSignalPayload
})

describe('control frames', () => {
  it('rejects trailing bytes', () => {
    assert.equal(decodeControlFrame(Uint8Array.of(3, 0)), undefined)
  })

  it('rejects a reason over its limits', () => {
    const long = new ByteWriter().byte(2).text('x'.repeat(65)).text('').finish()
    assert.equal(decodeControlFrame(long), undefined)
  })
})

describe('signaling payloads', () => {
  it('rejects another version', () => {
    const encoded = encodeSignalPayload({ type: 'close', reason: { code: 'normal', message: '' } })
    encoded[0] = 2
    assert.equal(decodeSignalPayload(encoded), undefined)
  })

  it('rejects what is longer than an envelope', () => {
    assert.equal(decodeSignalPayload(new Uint8Array(15_361)), undefined)
  })

  it('rejects more channels than allowed, and a label twice', () => {
    const one = announce('x', resolveChannelOptions('x'))
    for (const list of [
      [one, one],
      Array.from({ length: 65 }, (_, index) => ({ ...one, label: `c${index}` }))
    ]) {
      const writer = new ByteWriter()
      writeAnnouncements(writer, list)
      const reader = new ByteReader(writer.finish())
      readAnnouncements(reader)
      assert.equal(reader.failed, true)
    }
  })
})

describe('stream ids of declared channels', () => {
  it('are the same on both sides, one for each label, and never 0', () => {
    fc.assert(
      fc.property(announcements, announcements, (initiator, responder) => {
        const ids = assignIds(initiator, responder)
        const labels = new Set([...initiator, ...responder].map(({ label }) => label))
        assert.deepEqual(new Set(ids.keys()), labels)
        assert.deepEqual(
          [...ids.values()].sort((a, b) => a - b),
          Array.from(labels, (_, index) => index + 1)
        )
      })
    )
  })
})

describe('bytes on the wire', () => {
  it('varints go up to 2^53 - 1 and no further', () => {
    fc.assert(
      fc.property(count, (value) => {
        assert.equal(new ByteReader(new ByteWriter().varint(value).finish()).varint(), value)
      })
    )
    const reader = new ByteReader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127))
    assert.equal(reader.varint(), 0)
    assert.equal(reader.failed, true)
  })

  it('text is cut between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (value, limit) => {
        const cut = truncateUtf8(value, limit)
        assert.ok(utf8Length(cut) <= limit)
        assert.ok(value.toWellFormed().startsWith(cut))
      })
    )
  })
})
