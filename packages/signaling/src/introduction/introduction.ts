import { attempt, MAX_ENVELOPE_BYTES } from '../envelope/envelope.ts'
import { peerIdBytes, peerIdText, publicKeyOf, publicKeyOfBytes } from '../peer-key.ts'
import { Introduction as Wire } from './pb/introduction.js'

/** Why an introducer does not do what it was asked. */
export type IntroductionRefusal = 'not-registered' | 'full' | 'over-quota'

/** What a member and an introducer say to each other on their stream. */
export type Introduction =
  /** To the introducer: pass on to me what comes for me. Good for as long as this stream. */
  | { readonly kind: 'register' }
  | { readonly kind: 'registered' }
  /** From the introducer: why it will not register us, or not pass on what was meant for `peer`. */
  | { readonly kind: 'refused'; readonly reason: IntroductionRefusal; readonly peer?: string }
  /** To the introducer, for whom the envelope names; from it, with the `peer` who sent it. */
  | { readonly kind: 'envelope'; readonly envelope: Uint8Array; readonly peer?: string }
  /** To the introducer: we leave, and need no connection to you any more. */
  | { readonly kind: 'farewell' }

/** An envelope and the few bytes around it. */
export const MAX_INTRODUCTION_BYTES = MAX_ENVELOPE_BYTES + 64

const KINDS = { register: 1, registered: 2, refused: 3, envelope: 4, farewell: 5 } as const
const REASONS: Record<IntroductionRefusal, number> = { 'not-registered': 1, full: 2, 'over-quota': 3 }
const REASON_NAMES = new Map(
  Object.entries(REASONS).map(([name, wire]) => [wire, name as IntroductionRefusal])
)
const NO_BYTES = new Uint8Array(0)

export function encodeIntroduction(introduction: Introduction): Uint8Array {
  const peer = 'peer' in introduction ? introduction.peer : undefined
  return Wire.encode({
    kind: KINDS[introduction.kind],
    peer: peer === undefined ? NO_BYTES : peerIdBytes(publicKeyOf(peer)),
    reason: introduction.kind === 'refused' ? REASONS[introduction.reason] : 0,
    envelope: introduction.kind === 'envelope' ? introduction.envelope : NO_BYTES
  })
}

/** Undefined where the bytes are none. Never throws. */
export function decodeIntroduction(bytes: Uint8Array): Introduction | undefined {
  const wire = bytes.length > MAX_INTRODUCTION_BYTES ? undefined : attempt(() => Wire.decode(bytes))
  if (wire === undefined) {
    return undefined
  }
  switch (wire.kind) {
    case KINDS.register:
      return { kind: 'register' }
    case KINDS.registered:
      return { kind: 'registered' }
    case KINDS.refused:
      return readRefused(wire)
    case KINDS.envelope:
      return readEnvelope(wire)
    case KINDS.farewell:
      return { kind: 'farewell' }
    default:
      return undefined
  }
}

function readRefused(wire: Wire): Introduction | undefined {
  const reason = REASON_NAMES.get(wire.reason)
  const peer = readPeer(wire.peer)
  return reason === undefined || peer === undefined ? undefined : { kind: 'refused', reason, ...peer }
}

function readEnvelope({ envelope, peer: bytes }: Wire): Introduction | undefined {
  const peer = readPeer(bytes)
  return envelope.length > MAX_ENVELOPE_BYTES || peer === undefined
    ? undefined
    : { kind: 'envelope', envelope, ...peer }
}

/** Undefined where the bytes are neither empty nor an Ed25519 peer ID. */
function readPeer(bytes: Uint8Array): { peer?: string } | undefined {
  if (bytes.length === 0) {
    return {}
  }
  const publicKey = publicKeyOfBytes(bytes)
  return publicKey === undefined ? undefined : { peer: peerIdText(publicKey) }
}
