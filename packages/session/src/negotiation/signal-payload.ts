import {
  decodeCandidates,
  decodeDescription,
  encodeCandidates,
  encodeDescription,
  type CandidateBatch,
  type SdpDescription
} from '@hearsay/webrtc'
import {
  readAnnouncements,
  writeAnnouncements,
  type ChannelAnnouncement
} from '../channels/channel-announcement.ts'
import type { CloseReason } from '../close-reason.ts'
import { MAX_CODE_BYTES, MAX_TEXT_BYTES, SESSION_VERSION } from '../constants.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

/** What two sessions say to each other through signaling, and later through the control channel. */
export type SignalPayload =
  /** The bodies of Noise messages 1 and 2. */
  | InitialDescription
  /** A renegotiation. */
  | { readonly type: 'description'; readonly kind: 'offer' | 'answer'; readonly description: SdpDescription }
  /** Candidates that were not ready when the description left; `ufrag` names their ICE generation. */
  | { readonly type: 'candidates'; readonly ufrag: string; readonly batch: CandidateBatch }
  /** Offer and answer of a handshake that renews signaling alone: the peer connection stays. */
  | { readonly type: 'renewal' }
  /** The sender gives up before the connection stands. */
  | { readonly type: 'close'; readonly reason: Pick<CloseReason, 'code' | 'message'> }

export interface InitialDescription {
  readonly type: 'offer' | 'answer'
  /** Counts the peer connections of one session, from 0. */
  readonly generation: number
  /** The channels that the sender has declared. */
  readonly channels: readonly ChannelAnnouncement[]
  readonly description: SdpDescription
}

/** What `SignalingSession.send` takes, and what an envelope has room for. */
export const MAX_SIGNAL_BYTES = 15_360

const OFFER = 1
const ANSWER = 2
const NEW_OFFER = 3
const NEW_ANSWER = 4
const CANDIDATES = 5
const CLOSE = 6
const RENEWAL = 7
/** RFC 8839 §5.4. */
const MAX_UFRAG_BYTES = 256

export function encodeSignalPayload(payload: SignalPayload): Uint8Array {
  const writer = new ByteWriter(256).byte(SESSION_VERSION)
  switch (payload.type) {
    case 'offer':
    case 'answer':
      writer.byte(payload.type === 'offer' ? OFFER : ANSWER).varint(payload.generation)
      writeAnnouncements(writer, payload.channels)
      return writer.bytes(encodeDescription(payload.description)).finish()
    case 'description':
      writer.byte(payload.kind === 'offer' ? NEW_OFFER : NEW_ANSWER)
      return writer.bytes(encodeDescription(payload.description)).finish()
    case 'candidates':
      return writer.byte(CANDIDATES).text(payload.ufrag).bytes(encodeCandidates(payload.batch)).finish()
    case 'renewal':
      return writer.byte(RENEWAL).finish()
    case 'close':
      return writer.byte(CLOSE).text(payload.reason.code).text(payload.reason.message).finish()
  }
}

/** @returns the payload, or `undefined` for bytes that are none: never throws */
export function decodeSignalPayload(bytes: Uint8Array): SignalPayload | undefined {
  if (bytes.length > MAX_SIGNAL_BYTES) return undefined
  const reader = new ByteReader(bytes)
  if (reader.byte() !== SESSION_VERSION) return undefined
  try {
    const payload = readPayload(reader)
    return reader.failed || reader.remaining > 0 ? undefined : payload
  } catch {
    // The codecs of descriptions and candidates throw; whatever is wrong with them, these bytes are none of ours.
    return undefined
  }
}

function readPayload(reader: ByteReader): SignalPayload | undefined {
  const type = reader.byte()
  switch (type) {
    case OFFER:
    case ANSWER: {
      const generation = reader.varint()
      const channels = readAnnouncements(reader)
      const description = decodeDescription(reader.rest())
      return { type: type === OFFER ? 'offer' : 'answer', generation, channels, description }
    }
    case NEW_OFFER:
    case NEW_ANSWER: {
      const kind = type === NEW_OFFER ? 'offer' : 'answer'
      return { type: 'description', kind, description: decodeDescription(reader.rest()) }
    }
    case CANDIDATES:
      return {
        type: 'candidates',
        ufrag: reader.text(MAX_UFRAG_BYTES),
        batch: decodeCandidates(reader.rest())
      }
    case RENEWAL:
      return { type: 'renewal' }
    case CLOSE:
      return {
        type: 'close',
        reason: { code: reader.text(MAX_CODE_BYTES), message: reader.text(MAX_TEXT_BYTES) }
      }
    default:
      return undefined
  }
}
