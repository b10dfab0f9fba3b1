import assert from 'node:assert/strict'
import { resolveChannelOptions } from '../../../packages/session/src/channels/channel-options.ts'
import { ChannelReceiver } from '../../../packages/session/src/channels/channel-receiver.ts'
import { ReceiveBudget } from '../../../packages/session/src/channels/receive-budget.ts'
import {
  decodeChannelFrame,
  encodeChannelFrame,
  type ChannelFrame
} from '../../../packages/session/src/channels/frame.ts'
import {
  decodeControlFrame,
  encodeControlFrame,
  type ControlFrame
} from '../../../packages/session/src/control/control-frame.ts'
import {
  decodeSignalPayload,
  encodeSignalPayload,
  type SignalPayload
} from '../../../packages/session/src/negotiation/signal-payload.ts'
import { decoderTarget, type FuzzTarget } from '../fuzz-target.ts'
import { CANDIDATES, DESCRIPTION } from './webrtc.ts'

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

const CONTROL_FRAMES: readonly ControlFrame[] = [
  { type: 'hello', version: 1, mac: filled(32, 7) },
  { type: 'bye', reason: { code: 'normal', message: 'so long' } },
  { type: 'bye-ack' },
  { type: 'ping', token: 300 },
  { type: 'pong', token: 1 },
  { type: 'signal', payload: filled(20, 1) }
]

const CHANNEL_FRAMES: readonly ChannelFrame[] = [
  { type: 'begin', header: { kind: 'message' }, empty: false, total: 4, end: true, body: filled(4, 1) },
  { type: 'begin', header: { kind: 'message' }, empty: false, total: 8, end: false, body: filled(4, 1) },
  {
    type: 'begin',
    header: { kind: 'message', mark: 300 },
    empty: false,
    total: 2,
    end: true,
    body: filled(2, 1)
  },
  { type: 'continue', lane: 'messages', end: true, body: filled(4, 1) },
  {
    type: 'begin',
    header: { kind: 'notify', type: 'news' },
    empty: true,
    total: 0,
    end: true,
    body: filled(0, 0)
  },
  {
    type: 'begin',
    header: { kind: 'request', id: 300, type: 'ask' },
    empty: false,
    total: 2,
    end: true,
    body: filled(2, 1)
  },
  {
    type: 'begin',
    header: { kind: 'response', id: 1 },
    empty: false,
    total: 9,
    end: false,
    body: filled(5, 1)
  },
  { type: 'continue', lane: 'replies', end: true, body: filled(4, 1) },
  {
    type: 'begin',
    header: { kind: 'error', id: 1, code: 'ERR_X' },
    empty: false,
    total: 1,
    end: true,
    body: filled(1, 65)
  },
  { type: 'cancel', id: 300 },
  { type: 'abandon', lane: 'messages' },
  { type: 'credit', limit: 70_000, maxMessageSize: 1000 },
  { type: 'fin', frames: 3 }
]

const PAYLOADS: readonly SignalPayload[] = [
  {
    type: 'offer',
    generation: 0,
    channels: [
      { label: 'default', kind: 'reliable', codec: 'json', ordered: true },
      { label: 'game', kind: 'realtime', codec: 'bytes', ordered: false, maxRetransmits: 0 }
    ],
    description: DESCRIPTION
  },
  { type: 'answer', generation: 3, channels: [], description: DESCRIPTION },
  { type: 'description', kind: 'offer', description: DESCRIPTION },
  { type: 'renewal' },
  { type: 'candidates', ufrag: 'abcd', batch: CANDIDATES },
  { type: 'close', reason: { code: 'normal', message: 'so long' } }
]

const MAX_MESSAGE_SIZE = 512

/** Frames, each behind one byte of length, into the receiving half of a channel. */
function runReceiver(input: Uint8Array): unknown {
  const seen: string[] = []
  let delivered = 0
  let isViolated = false
  const receiver = new ChannelReceiver(
    resolveChannelOptions('x', { codec: 'bytes', maxMessageSize: MAX_MESSAGE_SIZE }),
    {
      deliver: ({ header, body }) => {
        seen.push(header.kind)
        delivered += body.length
        assert.ok(body.length <= MAX_MESSAGE_SIZE, 'a message over the limit')
      },
      cancel: () => seen.push('cancel'),
      credit: () => seen.push('credit'),
      violation: () => {
        seen.push('violation')
        isViolated = true
      },
      unreadMessages: () => 0,
      isAwaited: (id) => id % 2 === 0,
      refuse: () => seen.push('refuse'),
      onRoom: () => seen.push('room')
    },
    new ReceiveBudget(MAX_MESSAGE_SIZE)
  )
  for (let at = 0; at < input.length && !isViolated;) {
    const length = input[at]
    receiver.handleInput(input.subarray(at + 1, at + 1 + length))
    at += 1 + length
  }
  assert.ok(delivered <= input.length, 'more was delivered than came')
  return seen.length === 0 ? undefined : { outcome: [...new Set(seen)].join(' ') }
}

export const sessionTargets: readonly FuzzTarget[] = [
  decoderTarget<ControlFrame>({
    name: 'session/control-frame',
    decode: decodeControlFrame,
    encode: encodeControlFrame,
    values: CONTROL_FRAMES
  }),
  decoderTarget<ChannelFrame>({
    name: 'session/channel-frame',
    decode: decodeChannelFrame,
    encode: encodeChannelFrame,
    values: CHANNEL_FRAMES
  }),
  decoderTarget<SignalPayload>({
    name: 'session/signal-payload',
    decode: decodeSignalPayload,
    encode: encodeSignalPayload,
    values: PAYLOADS
  }),
  {
    name: 'session/channel-receiver',
    corpus: [
      Uint8Array.from(CHANNEL_FRAMES.map(encodeChannelFrame).flatMap((frame) => [frame.length, ...frame]))
    ],
    run: runReceiver
  }
]
