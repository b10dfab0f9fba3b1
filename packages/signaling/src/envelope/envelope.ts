import { PEER_ID_BYTES } from '../peer-key.ts'
import { Envelope as Wire, Retry as WireRetry } from './pb/envelope.js'

/** The protocol that stands in the clear in each envelope. */
export const PROTOCOL_VERSION = 1

/** An envelope is no larger than this: an offer fits, and a hop's queue of hundreds stays small. */
export const MAX_ENVELOPE_BYTES = 16_384

/** What an envelope may carry for the application: the rest is left to headers, keys, tags and proofs. */
export const MAX_MESSAGE_BYTES = 15_360

export const SESSION_ID_BYTES = 16
export const MAX_COOKIE_BYTES = 32

export type EnvelopeKind = 'message1' | 'message2' | 'retry' | 'transport'

/** What travels over a path. All of it is visible to who carries it, and may be altered by them. */
export interface Envelope {
  readonly version: number
  /** The recipient's peer ID in bytes. */
  readonly recipient: Uint8Array
  /** The first half of the initiator's ephemeral public key. */
  readonly session: Uint8Array
  readonly kind: EnvelopeKind
  /** Packet number of a transport packet; 0 in all others. */
  readonly number: number
  readonly body: Uint8Array
  /** Only in message 1: what a `retry` asked for. */
  readonly cookie?: Uint8Array
}

/** The body of a `retry`: nobody has authenticated it. */
export interface Retry {
  readonly cookie?: Uint8Array
  /** Versions that the responder speaks, where it does not speak ours. */
  readonly versions: readonly number[]
}

const KINDS: Record<EnvelopeKind, number> = { message1: 1, message2: 2, retry: 3, transport: 4 }

const KIND_NAMES = new Map(Object.entries(KINDS).map(([name, wire]) => [wire, name as EnvelopeKind]))

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return Wire.encode({ ...envelope, kind: KINDS[envelope.kind] })
}

/** Undefined where the bytes are no envelope of a kind and of sizes that we know. Never throws. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length > MAX_ENVELOPE_BYTES) {
    return undefined
  }
  const wire = attempt(() => Wire.decode(bytes))
  const kind = wire === undefined ? undefined : KIND_NAMES.get(wire.kind)
  if (
    wire === undefined ||
    kind === undefined ||
    wire.recipient.length !== PEER_ID_BYTES ||
    wire.session.length !== SESSION_ID_BYTES ||
    (wire.cookie?.length ?? 0) > MAX_COOKIE_BYTES
  ) {
    return undefined
  }
  return { ...wire, kind }
}

export function encodeRetry(retry: Retry): Uint8Array {
  return WireRetry.encode({ ...retry, versions: [...retry.versions] })
}

/** Undefined where the bytes are no `retry`. Never throws. */
export function decodeRetry(bytes: Uint8Array): Retry | undefined {
  const retry = attempt(() => WireRetry.decode(bytes))
  return (retry?.cookie?.length ?? 0) > MAX_COOKIE_BYTES ? undefined : retry
}

/** What `decode` returns, or undefined where it throws: generated decoders throw on malformed bytes. */
export function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}
