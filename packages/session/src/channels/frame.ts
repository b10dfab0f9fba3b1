import { MAX_CODE_BYTES, MAX_TYPE_BYTES } from '../constants.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

/** What a message is for. */
export type MessageHeader =
  /** A message of `send()`; the mark is what the sender knows it by, where it goes to others too. */
  | { readonly kind: 'message'; readonly mark?: number }
  /** A typed message that expects no reply. */
  | { readonly kind: 'notify'; readonly type: string }
  /** A typed message that expects a reply with the same `id`. */
  | { readonly kind: 'request'; readonly id: number; readonly type: string }
  | { readonly kind: 'response'; readonly id: number }
  /** A failed request; the body is a line of UTF-8 for a person. */
  | { readonly kind: 'error'; readonly id: number; readonly code: string }

/**
 * Messages queue in two lanes. Replies overtake messages and need no credit: each was asked for, so a channel whose
 * messages nobody takes still answers.
 */
export type Lane = 'messages' | 'replies'

/** The first fragment of a message, or all of it. */
export interface BeginFrame {
  readonly type: 'begin'
  readonly header: MessageHeader
  /** The payload is `undefined`: no codec is asked. */
  readonly empty: boolean
  /** Bytes of the whole body. */
  readonly total: number
  readonly end: boolean
  readonly body: Uint8Array
}

/** A later fragment of the message that the lane is in the middle of. */
export interface ContinueFrame {
  readonly type: 'continue'
  readonly lane: Lane
  readonly end: boolean
  readonly body: Uint8Array
}

export type ChannelFrame =
  | BeginFrame
  | ContinueFrame
  /** The requester no longer waits. */
  | { readonly type: 'cancel'; readonly id: number }
  /** The sender gave up the message that the lane is in the middle of. */
  | { readonly type: 'abandon'; readonly lane: Lane }
  /** Bytes of message frames that the sender may send in all, and the largest body it may send. */
  | { readonly type: 'credit'; readonly limit: number; readonly maxMessageSize: number }
  /** No message and no reply follows; `frames` counts those sent in all. */
  | { readonly type: 'fin'; readonly frames: number }

const KINDS = { message: 0, notify: 1, request: 2, response: 3, error: 4 } as const
const CONTINUE_MESSAGE = 5
const CONTINUE_REPLY = 6
const CANCEL = 7
const ABANDON_MESSAGE = 8
const ABANDON_REPLY = 9
const CREDIT = 10
const FIN = 11
const TYPE_MASK = 0x0f
const END = 0x10
const EMPTY = 0x20
const MARKED = 0x40

export function laneOf(header: MessageHeader): Lane {
  return header.kind === 'response' || header.kind === 'error' ? 'replies' : 'messages'
}

/** @param end whether the whole body follows; otherwise its length is written too */
export function encodeBeginHeader(
  header: MessageHeader,
  total: number,
  end: boolean,
  empty: boolean
): Uint8Array {
  const writer = new ByteWriter(24)
  const mark = header.kind === 'message' ? header.mark : undefined
  const flags = (end ? END : 0) | (empty ? EMPTY : 0) | (mark === undefined ? 0 : MARKED)
  writer.byte(KINDS[header.kind] | flags)
  if (!end) writer.varint(total)
  if (mark !== undefined) writer.varint(mark)
  if ('id' in header) writer.varint(header.id)
  if ('type' in header) writer.text(header.type)
  if ('code' in header) writer.text(header.code)
  return writer.finish()
}

export function encodeContinueHeader(lane: Lane, end: boolean): Uint8Array {
  return Uint8Array.of((lane === 'messages' ? CONTINUE_MESSAGE : CONTINUE_REPLY) | (end ? END : 0))
}

/** Any frame whole, as tests and the small frames need it. */
export function encodeChannelFrame(frame: ChannelFrame): Uint8Array<ArrayBuffer> {
  switch (frame.type) {
    case 'begin':
      return new ByteWriter()
        .bytes(encodeBeginHeader(frame.header, frame.total, frame.end, frame.empty))
        .bytes(frame.body)
        .finish()
    case 'continue':
      return new ByteWriter().bytes(encodeContinueHeader(frame.lane, frame.end)).bytes(frame.body).finish()
    case 'cancel':
      return new ByteWriter().byte(CANCEL).varint(frame.id).finish()
    case 'abandon':
      return new ByteWriter().byte(frame.lane === 'messages' ? ABANDON_MESSAGE : ABANDON_REPLY).finish()
    case 'credit':
      return new ByteWriter().byte(CREDIT).varint(frame.limit).varint(frame.maxMessageSize).finish()
    case 'fin':
      return new ByteWriter().byte(FIN).varint(frame.frames).finish()
  }
}

/** @returns the frame with its body as a view of `bytes`, or `undefined` for bytes that are none */
export function decodeChannelFrame(bytes: Uint8Array): ChannelFrame | undefined {
  const reader = new ByteReader(bytes)
  const first = reader.byte()
  const frame = readFrame(reader, first & TYPE_MASK, first)
  return reader.failed || reader.remaining > 0 ? undefined : frame
}

function readFrame(reader: ByteReader, type: number, flags: number): ChannelFrame | undefined {
  const end = (flags & END) !== 0
  switch (type) {
    case CONTINUE_MESSAGE:
      return { type: 'continue', lane: 'messages', end, body: reader.rest() }
    case CONTINUE_REPLY:
      return { type: 'continue', lane: 'replies', end, body: reader.rest() }
    case CANCEL:
      return { type: 'cancel', id: reader.varint() }
    case ABANDON_MESSAGE:
      return { type: 'abandon', lane: 'messages' }
    case ABANDON_REPLY:
      return { type: 'abandon', lane: 'replies' }
    case CREDIT:
      return { type: 'credit', limit: reader.varint(), maxMessageSize: reader.varint() }
    case FIN:
      return { type: 'fin', frames: reader.varint() }
    default:
      return readBegin(reader, type, flags)
  }
}

function readBegin(reader: ByteReader, type: number, flags: number): BeginFrame | undefined {
  const end = (flags & END) !== 0
  const empty = (flags & EMPTY) !== 0
  const total = end ? undefined : reader.varint()
  const header = readHeader(reader, type, (flags & MARKED) !== 0)
  if (header === undefined) return undefined
  const body = reader.rest()
  return { type: 'begin', header, empty, total: total ?? body.length, end, body }
}

function readHeader(reader: ByteReader, type: number, isMarked: boolean): MessageHeader | undefined {
  switch (type) {
    case KINDS.message:
      return isMarked ? { kind: 'message', mark: reader.varint() } : { kind: 'message' }
    case KINDS.notify:
      return { kind: 'notify', type: reader.text(MAX_TYPE_BYTES) }
    case KINDS.request:
      return { kind: 'request', id: reader.varint(), type: reader.text(MAX_TYPE_BYTES) }
    case KINDS.response:
      return { kind: 'response', id: reader.varint() }
    case KINDS.error:
      return { kind: 'error', id: reader.varint(), code: reader.text(MAX_CODE_BYTES) }
    default:
      return undefined
  }
}
