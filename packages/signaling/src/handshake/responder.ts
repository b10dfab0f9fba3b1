import { compareBytes, concat } from '../bytes.ts'
import type { X25519 } from '../dh/x25519.ts'
import { SESSION_ID_BYTES } from '../envelope/envelope.ts'
import { publicKeyOfBytes } from '../peer-key.ts'
import { createProof, MAX_PROOFS, verifyProofs, type ProofContext } from '../rooms/proof.ts'
import type { Room } from '../rooms/room.ts'
import { HandshakeState, type KeyPair } from './handshake-state.ts'
import { prologueFor, type Identity } from './identity.ts'
import { IK } from './patterns.ts'
import { decodeMessage1, encodeMessage2, type Message1, type Message2 } from './payloads.ts'
import { sessionKeysOf, type SessionKeys } from './session-keys.ts'
import type { StaticKeys } from './static-key.ts'

export interface ResponderInit {
  identity: Identity
  x25519: X25519
  generateEphemeral: () => KeyPair
  staticKeys: StaticKeys
  session: Uint8Array
  message1: Uint8Array
}

/** Why a message 1 is none. */
export type Message1Refusal = 'session-mismatch' | 'not-authentic' | 'malformed' | 'key-refused'

/** The responder's side of one Noise handshake, once message 1 has been read and its sender is proven. */
export class Responder {
  readonly session: Uint8Array
  readonly payload: Message1
  /** The initiator's Ed25519 public key. */
  readonly remotePublicKey: Uint8Array
  readonly #handshake: HandshakeState
  readonly #context: ProofContext

  private constructor(
    session: Uint8Array,
    payload: Message1,
    remotePublicKey: Uint8Array,
    handshake: HandshakeState,
    context: ProofContext
  ) {
    this.session = session
    this.payload = payload
    this.remotePublicKey = remotePublicKey
    this.#handshake = handshake
    this.#context = context
  }

  static read(init: ResponderInit): Responder | Message1Refusal {
    const { identity, message1, session } = init
    if (compareBytes(message1.subarray(0, SESSION_ID_BYTES), session) !== 0) {
      return 'session-mismatch'
    }
    const handshake = new HandshakeState({
      pattern: IK,
      role: 'responder',
      prologue: prologueFor(identity.peerBytes),
      x25519: init.x25519,
      staticKey: identity.staticKey,
      generateEphemeral: init.generateEphemeral
    })
    const rest = handshake.readTokens(message1)
    if (rest === undefined) {
      return 'not-authentic'
    }
    const { hash } = handshake
    const plaintext = handshake.readPayload(rest)
    if (plaintext === undefined) {
      return 'not-authentic'
    }
    const payload = decodeMessage1(plaintext)
    const publicKey = payload === undefined ? undefined : publicKeyOfBytes(payload.initiator)
    if (payload === undefined || publicKey === undefined) {
      return 'malformed'
    }
    const checked = init.staticKeys.of(publicKey)
    if ('refused' in checked || compareBytes(checked.staticKey, handshake.remoteStaticKey!) !== 0) {
      return 'key-refused'
    }
    const context = { hash, initiator: payload.initiator, responder: identity.peerBytes }
    return new Responder(session, payload, publicKey, handshake, context)
  }

  /** Those of our rooms whose key the initiator has shown to know. */
  provenRooms(rooms: Iterable<Room>): Room[] {
    return verifyProofs(rooms, 'initiator', this.#context, this.payload.proofs)
  }

  /** To be called once: the bytes are kept and sent again, never made again. */
  writeMessage2(
    rooms: readonly Room[],
    message: Omit<Message2, 'proofs'>
  ): { message2: Uint8Array; keys: SessionKeys } {
    const head = this.#handshake.writeTokens()
    if (head === undefined) {
      throw new TypeError('a DH that was checked when message 1 was read is all zero')
    }
    const context = { ...this.#context, hash: this.#handshake.hash }
    const proofs = rooms.slice(0, MAX_PROOFS).map((room) => createProof(room, 'responder', context))
    const sealed = this.#handshake.writePayload(encodeMessage2({ ...message, proofs }))
    return { message2: concat(head, sealed), keys: sessionKeysOf(this.#handshake) }
  }
}
