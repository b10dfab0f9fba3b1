import { concat } from '../bytes.ts'
import type { X25519 } from '../dh/x25519.ts'
import { SESSION_ID_BYTES } from '../envelope/envelope.ts'
import { peerIdBytes } from '../peer-key.ts'
import { createProof, verifyProofs } from '../rooms/proof.ts'
import type { Room } from '../rooms/room.ts'
import { HandshakeState, type KeyPair } from './handshake-state.ts'
import { prologueFor, type Identity } from './identity.ts'
import { IK } from './patterns.ts'
import { decodeMessage2, encodeMessage1, type Message1, type Message2 } from './payloads.ts'
import { sessionKeysOf, type SessionKeys } from './session-keys.ts'

export interface InitiatorInit {
  identity: Identity
  x25519: X25519
  ephemeralKey: KeyPair
  /** The responder's Ed25519 public key, and its X25519 form. */
  remotePublicKey: Uint8Array
  remoteStaticKey: Uint8Array
  /** At most `MAX_PROOFS`. */
  rooms: readonly Room[]
  payload: Omit<Message1, 'initiator' | 'proofs'>
}

/** The initiator's side of one Noise handshake: message 1 is written once, message 2 is waited for. */
export class Initiator {
  /** Session id: the first half of our ephemeral key, so that nobody else can open a session of this name. */
  readonly session: Uint8Array
  /** The same bytes on every path and in every retransmission. */
  readonly message1: Uint8Array
  readonly dialSerial: number
  readonly responderInstance: Uint8Array
  readonly #init: InitiatorInit
  readonly #responder: Uint8Array
  readonly #handshake: HandshakeState

  /** @throws {TypeError} a DH with the given key is all zero: the key has not been checked */
  constructor(init: InitiatorInit) {
    this.#init = init
    this.#responder = peerIdBytes(init.remotePublicKey)
    this.session = init.ephemeralKey.publicKey.slice(0, SESSION_ID_BYTES)
    this.dialSerial = init.payload.dialSerial
    this.responderInstance = init.payload.responderInstance
    this.#handshake = new HandshakeState({
      pattern: IK,
      role: 'initiator',
      prologue: prologueFor(this.#responder),
      x25519: init.x25519,
      staticKey: init.identity.staticKey,
      remoteStaticKey: init.remoteStaticKey,
      generateEphemeral: () => init.ephemeralKey
    })
    const head = this.#handshake.writeTokens()
    if (head === undefined) {
      throw new TypeError('the static key of the responder is of small order')
    }
    const context = this.#proofContext(this.#handshake.hash)
    const payload = encodeMessage1({
      ...init.payload,
      initiator: init.identity.peerBytes,
      proofs: init.rooms.map((room) => createProof(room, 'initiator', context))
    })
    const sealed = this.#handshake.writePayload(payload)
    this.message1 = concat(head, sealed)
  }

  /**
   * Undefined where the bytes are not the responder's message 2, or not from a member of one of our rooms. Bytes that
   * are refused leave the handshake as it was.
   */
  readMessage2(
    body: Uint8Array
  ): { payload: Message2; keys: SessionKeys; rooms: readonly Room[] } | undefined {
    const handshake = this.#handshake.clone()
    const rest = handshake.readTokens(body)
    if (rest === undefined) {
      return undefined
    }
    const context = this.#proofContext(handshake.hash)
    const plaintext = handshake.readPayload(rest)
    const payload = plaintext === undefined ? undefined : decodeMessage2(plaintext)
    if (payload === undefined) {
      return undefined
    }
    const rooms = verifyProofs(this.#init.rooms, 'responder', context, payload.proofs)
    return rooms.length === 0 ? undefined : { payload, keys: sessionKeysOf(handshake), rooms }
  }

  #proofContext(hash: Uint8Array) {
    return { hash, initiator: this.#init.identity.peerBytes, responder: this.#responder }
  }
}
