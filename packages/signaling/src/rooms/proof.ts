import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { equalSecrets, utf8 } from '../bytes.ts'
import type { Room } from './room.ts'

const PROOF_BYTES = 32

/** So many rooms may be named in one message. */
export const MAX_PROOFS = 4

export interface ProofContext {
  /** The handshake hash just before the payload that carries the proof; in a packet, that at the end. */
  readonly hash: Uint8Array
  /** The initiator's peer ID in bytes. */
  readonly initiator: Uint8Array
  /** The responder's peer ID in bytes. */
  readonly responder: Uint8Array
}

/** Shows knowledge of a room's key to the other end of one handshake, and to nobody else at any other time. */
export function createProof(room: Room, role: 'initiator' | 'responder', context: ProofContext): Uint8Array {
  return hmac
    .create(sha256, room.proofKey)
    .update(utf8(`hearsay/proof/1 ${role}`))
    .update(context.hash)
    .update(context.initiator)
    .update(context.responder)
    .digest()
}

/** Whether the bytes have the form of proofs. */
export function areProofs(proofs: readonly Uint8Array[]): boolean {
  return proofs.length <= MAX_PROOFS && proofs.every(({ length }) => length === PROOF_BYTES)
}

/** Those of our rooms that one of the proofs is for. */
export function verifyProofs(
  rooms: Iterable<Room>,
  role: 'initiator' | 'responder',
  context: ProofContext,
  proofs: readonly Uint8Array[]
): Room[] {
  return [...rooms].filter((room) => {
    const expected = createProof(room, role, context)
    return proofs.some((proof) => equalSecrets(proof, expected))
  })
}
