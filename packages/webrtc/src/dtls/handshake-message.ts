import { ByteReader } from './byte-reader.ts'
import { concatBytes, uintBytes } from './byte-writer.ts'

/** msg_type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3 (RFC 6347, section 4.2.2). */
export const HANDSHAKE_HEADER_LENGTH = 12

/**
 * Longest handshake message taken, in bytes. A certificate chain is the only message that grows; browsers
 * send one certificate of 300 to 1,000 bytes.
 */
export const MAX_HANDSHAKE_MESSAGE_LENGTH = 2 ** 14

/** A whole handshake message. */
export interface HandshakeMessage {
  readonly type: number
  /** `message_seq`: counts the messages of one side. */
  readonly sequence: number
  readonly body: Uint8Array
}

/** A piece of a handshake message; it may be the whole. */
export interface HandshakeFragment {
  readonly type: number
  readonly sequence: number
  /** Length of the whole body. */
  readonly length: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The piece of `message` from `offset` on, `length` bytes long, behind its header. */
export function encodeFragment(message: HandshakeMessage, offset: number, length: number): Uint8Array {
  return concatBytes(
    uintBytes(message.type, 1),
    uintBytes(message.body.length, 3),
    uintBytes(message.sequence, 2),
    uintBytes(offset, 3),
    uintBytes(length, 3),
    message.body.subarray(offset, offset + length)
  )
}

/** The message in one piece, which is how it enters the transcript (RFC 6347, section 4.2.6). */
export function encodeMessage(message: HandshakeMessage): Uint8Array {
  return encodeFragment(message, 0, message.body.length)
}

/** The fragments in one record, or undefined if any is unsound. A record may hold several messages. */
export function decodeFragments(plaintext: Uint8Array): HandshakeFragment[] | undefined {
  const reader = new ByteReader(plaintext)
  const fragments: HandshakeFragment[] = []
  while (reader.hasMore) {
    const type = reader.uint(1)
    const length = reader.uint(3)
    const sequence = reader.uint(2)
    const offset = reader.uint(3)
    const bytes = reader.vector(3)
    if (!reader.isSound || offset + bytes.length > length || length > MAX_HANDSHAKE_MESSAGE_LENGTH)
      return undefined
    // An empty piece of a message that is not empty carries nothing.
    if (bytes.length > 0 || length === 0) fragments.push({ type, sequence, length, offset, bytes })
  }
  return fragments
}
