import type { CloseReason } from '../close-reason.ts'
import { MAX_CODE_BYTES, MAX_TEXT_BYTES } from '../constants.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

/** One message of the control channel. */
export type ControlFrame =
  /** The first message each way (docs/specs/session.md, "hello"). */
  | { readonly type: 'hello'; readonly version: number; readonly mac: Uint8Array }
  /** The sender ends the session, and sends nothing after what the channels' `fin` frames count. */
  | { readonly type: 'bye'; readonly reason: Pick<CloseReason, 'code' | 'message'> }
  /** The receiver of `bye` has everything: the connection may go. */
  | { readonly type: 'bye-ack' }
  | { readonly type: 'ping'; readonly token: number }
  | { readonly type: 'pong'; readonly token: number }
  /** A negotiation payload: renegotiation and late candidates. */
  | { readonly type: 'signal'; readonly payload: Uint8Array }

/** Length of the MAC in `hello`: HMAC-SHA-256, not truncated. */
export const HELLO_MAC_BYTES = 32

const HELLO = 1
const BYE = 2
const BYE_ACK = 3
const PING = 4
const PONG = 5
const SIGNAL = 6

export function encodeControlFrame(frame: ControlFrame): Uint8Array<ArrayBuffer> {
  switch (frame.type) {
    case 'hello':
      return new ByteWriter().byte(HELLO).byte(frame.version).bytes(frame.mac).finish()
    case 'bye':
      return new ByteWriter().byte(BYE).text(frame.reason.code).text(frame.reason.message).finish()
    case 'bye-ack':
      return new ByteWriter().byte(BYE_ACK).finish()
    case 'ping':
      return new ByteWriter().byte(PING).varint(frame.token).finish()
    case 'pong':
      return new ByteWriter().byte(PONG).varint(frame.token).finish()
    case 'signal':
      return new ByteWriter(frame.payload.length + 1).byte(SIGNAL).bytes(frame.payload).finish()
  }
}

/** @returns the frame, or `undefined` for bytes that are none */
export function decodeControlFrame(bytes: Uint8Array): ControlFrame | undefined {
  const reader = new ByteReader(bytes)
  const frame = readFrame(reader)
  return reader.failed || reader.remaining > 0 ? undefined : frame
}

function readFrame(reader: ByteReader): ControlFrame | undefined {
  switch (reader.byte()) {
    case HELLO:
      return { type: 'hello', version: reader.byte(), mac: reader.take(HELLO_MAC_BYTES) }
    case BYE:
      return {
        type: 'bye',
        reason: { code: reader.text(MAX_CODE_BYTES), message: reader.text(MAX_TEXT_BYTES) }
      }
    case BYE_ACK:
      return { type: 'bye-ack' }
    case PING:
      return { type: 'ping', token: reader.varint() }
    case PONG:
      return { type: 'pong', token: reader.varint() }
    case SIGNAL:
      return { type: 'signal', payload: reader.rest() }
    default:
      return undefined
  }
}
