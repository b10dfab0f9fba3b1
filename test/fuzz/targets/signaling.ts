import assert from 'node:assert/strict'
import {
  decodeEnvelope,
  decodeRetry,
  encodeEnvelope,
  encodeRetry,
  type Envelope,
  type EnvelopeKind,
  type Retry
} from '../../../packages/signaling/src/envelope/envelope.ts'
import { seal } from '../../../packages/signaling/src/handshake/cipher-state.ts'
import {
  decodeMessage1,
  decodeMessage2,
  encodeMessage1,
  encodeMessage2,
  type Message1,
  type Message2,
  type Message2Outcome
} from '../../../packages/signaling/src/handshake/payloads.ts'
import {
  decodeIntroduction,
  encodeIntroduction,
  type Introduction
} from '../../../packages/signaling/src/introduction/introduction.ts'
import { encodeFrame, FrameDecoder } from '../../../packages/signaling/src/paths/frames.ts'
import { decodeRoomKey, encodeRoomKey, InvalidRoomError } from '@hearsay/signaling'
import { peerIdBytes, peerIdText } from '../../../packages/signaling/src/peer-key.ts'
import { decodePacket, encodePacket, type Packet } from '../../../packages/signaling/src/transport/packet.ts'
import { Transport } from '../../../packages/signaling/src/transport/transport.ts'
import { assertModest, decoderTarget, type FuzzTarget } from '../fuzz-target.ts'

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const PEER = peerIdBytes(filled(32, 7))

const envelope = (kind: EnvelopeKind, number = 0): Envelope => ({
  version: 1,
  recipient: PEER,
  session: filled(16, 3),
  kind,
  number,
  body: filled(80, 9)
})

const message2 = (outcome: Message2Outcome, answer: Uint8Array): Message2 => ({
  outcome,
  responderInstance: filled(16, 1),
  voidSerial: 300,
  proofs: [filled(32, 5)],
  answer
})

const PACKETS: readonly Packet[] = [
  { received: 0, missing: filled(0, 0), firstMessage: 0, messages: [filled(3, 1)], close: false, proofs: [] },
  { received: 7, missing: filled(1, 5), firstMessage: 0, messages: [], close: false, proofs: [] },
  {
    received: 300,
    missing: filled(40, 255),
    firstMessage: 2,
    messages: [filled(9, 2), filled(0, 0)],
    close: true,
    proofs: [filled(32, 6)]
  }
]

/** Both directions of a session under one key: what a peer who keeps to the cipher may say. */
const KEY = filled(32, 11)
const SESSION = filled(16, 3)

/** Each packet behind two bytes of number and one of length. */
function packetScript(packets: readonly Packet[]): Uint8Array {
  const parts = packets.map(encodePacket).flatMap((bytes, index) => [0, index, bytes.length, ...bytes])
  return Uint8Array.from(parts)
}

/** A peer that authenticates whatever it likes to say, under numbers of its choice. */
function runTransport(input: Uint8Array): unknown {
  const transport = new Transport({ sendKey: KEY, receiveKey: KEY, session: SESSION })
  transport.send(Uint8Array.of(1))
  const results: string[] = []
  let delivered = 0
  for (let at = 0, now = 0; at + 3 <= input.length; now += 10) {
    const number = (input[at] << 8) | input[at + 1]
    const length = input[at + 2]
    const plaintext = input.subarray(at + 3, at + 3 + length)
    at += 3 + length
    const verdict = transport.handleInput(number, seal(KEY, number, SESSION, plaintext), now, 25)
    results.push(verdict)
    for (let event = transport.pollEvent(); event !== undefined; event = transport.pollEvent()) {
      results.push(event.type)
      if (event.type === 'message') delivered += event.message.length + 1
    }
    for (let sent = transport.pollOutput(now); sent !== undefined; sent = transport.pollOutput(now)) {
      if (sent.reliable) transport.retransmitAt(sent.number, now + 1000)
      results.push(sent.reliable ? 'sent' : 'acked')
    }
  }
  assert.ok(delivered <= input.length, 'more was delivered than came')
  return results.length === 0 ? undefined : { outcome: [...new Set(results)].join(' '), results }
}

/** The first byte says into how large pieces the stream is cut. */
function runFrames(input: Uint8Array): unknown {
  const [cut = 0] = input
  const stream = input.subarray(1)
  const decoder = new FrameDecoder()
  const frames: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += cut + 1) {
    const some = decoder.push(stream.subarray(at, at + cut + 1))
    if (some === undefined) return undefined
    frames.push(...some)
  }
  assertModest(frames, input.length)
  const whole = new FrameDecoder().push(stream)
  assert.deepEqual(frames, whole, 'how a stream is cut must not matter')
  return frames
}

export const signalingTargets: readonly FuzzTarget[] = [
  decoderTarget<Envelope>({
    name: 'signaling/envelope',
    decode: decodeEnvelope,
    encode: encodeEnvelope,
    values: [
      envelope('message1'),
      { ...envelope('message1'), cookie: filled(16, 4) },
      envelope('message2'),
      envelope('retry'),
      envelope('transport', 70_000)
    ]
  }),
  decoderTarget<Retry>({
    name: 'signaling/retry',
    decode: decodeRetry,
    encode: encodeRetry,
    values: [{ versions: [] }, { cookie: filled(16, 4), versions: [] }, { versions: [1, 2, 300] }]
  }),
  decoderTarget<Message1>({
    name: 'signaling/message1',
    decode: decodeMessage1,
    encode: encodeMessage1,
    values: [
      {
        initiator: PEER,
        initiatorInstance: filled(16, 1),
        responderInstance: filled(16, 2),
        dialSerial: 1,
        proofs: [filled(32, 5), filled(32, 6)],
        offer: filled(90, 8)
      },
      {
        initiator: PEER,
        initiatorInstance: filled(16, 1),
        responderInstance: filled(0, 0),
        dialSerial: 2 ** 32 - 1,
        proofs: [],
        offer: filled(0, 0)
      }
    ]
  }),
  decoderTarget<Message2>({
    name: 'signaling/message2',
    decode: decodeMessage2,
    encode: encodeMessage2,
    values: [
      message2('answer', filled(90, 8)),
      message2('busy', filled(0, 0)),
      message2('unknown-instance', filled(0, 0))
    ]
  }),
  decoderTarget<Packet>({
    name: 'signaling/packet',
    decode: decodePacket,
    encode: encodePacket,
    values: PACKETS
  }),
  decoderTarget<Introduction>({
    name: 'signaling/introduction',
    decode: decodeIntroduction,
    encode: encodeIntroduction,
    values: [
      { kind: 'register' },
      { kind: 'registered' },
      { kind: 'refused', reason: 'full' },
      { kind: 'refused', reason: 'not-registered', peer: peerIdText(filled(32, 7)) },
      { kind: 'envelope', envelope: encodeEnvelope(envelope('message1')) },
      { kind: 'envelope', envelope: filled(3, 1), peer: peerIdText(filled(32, 7)) },
      { kind: 'farewell' }
    ]
  }),
  decoderTarget<Uint8Array>({
    name: 'signaling/room-key',
    decode: (bytes) => {
      try {
        return decodeRoomKey(new TextDecoder().decode(bytes))
      } catch (error) {
        if (error instanceof InvalidRoomError) return undefined
        throw error
      }
    },
    encode: (key) => new TextEncoder().encode(encodeRoomKey(key)),
    values: [filled(32, 7)]
  }),
  { name: 'signaling/transport', corpus: [packetScript(PACKETS)], run: runTransport },
  {
    name: 'signaling/frames',
    corpus: [Uint8Array.of(4, ...encodeFrame(filled(200, 1)), ...encodeFrame(filled(3, 2)))],
    run: runFrames
  }
]
