import { attempt, MAX_MESSAGE_BYTES } from '../envelope/envelope.ts'
import { INSTANCE_BYTES } from '../freshness/instance.ts'
import { publicKeyOfBytes } from '../peer-key.ts'
import { areProofs } from '../rooms/proof.ts'
import type { RefusalCode } from '../signaler.ts'
import { Message1 as Wire1, Message2 as Wire2 } from './pb/payloads.js'

/** What message 1 says inside. */
export interface Message1 {
  /** The initiator's peer ID in bytes. */
  readonly initiator: Uint8Array
  readonly initiatorInstance: Uint8Array
  /** The responder's instance as far as the initiator knows it; empty where it does not. */
  readonly responderInstance: Uint8Array
  /** Rises with each message 1 of the initiator's instance. */
  readonly dialSerial: number
  /** One for each room that the initiator would meet the responder in. */
  readonly proofs: readonly Uint8Array[]
  readonly offer: Uint8Array
}

/**
 * `unknown-instance`: message 1 named another instance than the responder's; try again with this one. `superseded`: the
 * responder knows a newer instance of the initiator than the one that wrote message 1.
 */
export type Message2Outcome = 'answer' | RefusalCode | 'unknown-instance' | 'superseded'

/** What message 2 says inside. */
export interface Message2 {
  readonly outcome: Message2Outcome
  readonly responderInstance: Uint8Array
  /** No message 1 of the responder's with this serial or a lower one counts any more. */
  readonly voidSerial: number
  /** One for each room that message 1 has proven. */
  readonly proofs: readonly Uint8Array[]
  /** Where the outcome is `superseded`: evidence of the newer instance, if there is any. */
  readonly answer: Uint8Array
}

const OUTCOMES: Record<Message2Outcome, number> = {
  answer: 1,
  'not-admitted': 2,
  busy: 3,
  closing: 4,
  'bad-offer': 5,
  'unknown-instance': 6,
  superseded: 7
}

const OUTCOME_NAMES = new Map(Object.entries(OUTCOMES).map(([name, wire]) => [wire, name as Message2Outcome]))

export function encodeMessage1(message: Message1): Uint8Array {
  return Wire1.encode({ ...message, proofs: [...message.proofs] })
}

/** Undefined where the bytes are no message 1. Never throws. */
export function decodeMessage1(bytes: Uint8Array): Message1 | undefined {
  const wire = attempt(() => Wire1.decode(bytes))
  if (
    wire === undefined ||
    publicKeyOfBytes(wire.initiator) === undefined ||
    wire.initiatorInstance.length !== INSTANCE_BYTES ||
    (wire.responderInstance.length !== INSTANCE_BYTES && wire.responderInstance.length !== 0) ||
    !areProofs(wire.proofs) ||
    wire.offer.length > MAX_MESSAGE_BYTES
  ) {
    return undefined
  }
  return wire
}

export function encodeMessage2(message: Message2): Uint8Array {
  return Wire2.encode({ ...message, outcome: OUTCOMES[message.outcome], proofs: [...message.proofs] })
}

/** Undefined where the bytes are no message 2. Never throws. */
export function decodeMessage2(bytes: Uint8Array): Message2 | undefined {
  const wire = attempt(() => Wire2.decode(bytes))
  const outcome = wire === undefined ? undefined : OUTCOME_NAMES.get(wire.outcome)
  if (
    wire === undefined ||
    outcome === undefined ||
    wire.responderInstance.length !== INSTANCE_BYTES ||
    !areProofs(wire.proofs) ||
    wire.answer.length > MAX_MESSAGE_BYTES
  ) {
    return undefined
  }
  return { ...wire, outcome }
}
