/** docs/specs/signaling.md, "Handshake": both sides, without tables, quotas or retransmission. */
import { ed25519PublicKey, montgomery, x25519Public, x25519Secret } from './curve25519.ts'
import { base58, encodeFields, Message } from './encoding.ts'
import { MinimalNoise } from './noise.ts'
import { proof, type MinimalRoom } from './rooms.ts'

const PEER_ID_PREFIX = Buffer.from('002408011220', 'hex')

export interface MinimalIdentity {
  readonly publicKey: Uint8Array
  readonly peerIdBytes: Uint8Array
  readonly peerId: string
  readonly secret: Uint8Array
  readonly staticKey: Uint8Array
}

export interface SessionSecrets {
  readonly session: Uint8Array
  readonly initiatorKey: Uint8Array
  readonly responderKey: Uint8Array
  readonly helloKey: Uint8Array
  /** At the end. */
  readonly hash: Uint8Array
}

export interface Message1Content {
  readonly initiatorInstance: Uint8Array
  readonly responderInstance: Uint8Array
  readonly dialSerial: number
  readonly offer: Uint8Array
}

export interface Message2Content {
  readonly outcome: number
  readonly responderInstance: Uint8Array
  readonly voidSerial: number
  readonly answer: Uint8Array
}

export function identityOf(seed: Uint8Array): MinimalIdentity {
  const publicKey = ed25519PublicKey(seed)
  const peerIdBytes = peerIdBytesOf(publicKey)
  const secret = x25519Secret(seed)
  return { publicKey, peerIdBytes, peerId: base58(peerIdBytes), secret, staticKey: x25519Public(secret) }
}

export function peerIdBytesOf(publicKey: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([PEER_ID_PREFIX, publicKey]))
}

export function prologueOf(responder: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from('hearsay/signal/1.0.0'), responder]))
}

/** The initiator's side: writes message 1 at once. */
export class MinimalInitiator {
  readonly body: Uint8Array
  readonly session: Uint8Array
  readonly #us: MinimalIdentity
  readonly #responder: Uint8Array
  readonly #ephemeral: Uint8Array
  readonly #rooms: readonly MinimalRoom[]
  readonly #noise: MinimalNoise

  constructor(
    us: MinimalIdentity,
    remotePublicKey: Uint8Array,
    ephemeralSecret: Uint8Array,
    rooms: readonly MinimalRoom[],
    content: Message1Content
  ) {
    const remoteStatic = montgomery(remotePublicKey)
    if (remoteStatic === undefined) throw new Error('a key that is refused')
    this.#us = us
    this.#responder = peerIdBytesOf(remotePublicKey)
    this.#ephemeral = ephemeralSecret
    this.#rooms = rooms
    const noise = new MinimalNoise(prologueOf(this.#responder), remoteStatic)
    this.#noise = noise
    const e = noise.writeEphemeral(ephemeralSecret)
    noise.mixDh(ephemeralSecret, remoteStatic)
    const s = noise.encrypt(us.staticKey)
    noise.mixDh(us.secret, remoteStatic)
    const proofs = rooms.map((room) => proof(room, 'initiator', noise.hash, us.peerIdBytes, this.#responder))
    const payload = encodeFields([
      [1, us.peerIdBytes],
      [2, content.initiatorInstance],
      [3, content.responderInstance],
      [4, content.dialSerial],
      ...proofs.map((each) => [5, each] as const),
      [6, content.offer]
    ])
    this.body = Uint8Array.from(Buffer.concat([e, s, noise.encrypt(payload)]))
    this.session = this.body.slice(0, 16)
  }

  /** Throws where message 2 is not the responder's, or proves none of our rooms. */
  read(body: Uint8Array): { content: Message2Content; secrets: SessionSecrets; rooms: MinimalRoom[] } {
    const noise = this.#noise
    const e = body.slice(0, 32)
    noise.mixHash(e)
    noise.mixDh(this.#ephemeral, e)
    noise.mixDh(this.#us.secret, e)
    const expected = this.#rooms.map((room) =>
      proof(room, 'responder', noise.hash, this.#us.peerIdBytes, this.#responder)
    )
    const payload = new Message(noise.decrypt(body.subarray(32)))
    const given = payload.all(4).map((each) => Buffer.from(each))
    const rooms = this.#rooms.filter((_, index) => given.some((each) => each.equals(expected[index])))
    if (rooms.length === 0) throw new Error('no proof of a room')
    const content = {
      outcome: payload.number(1),
      responderInstance: payload.bytes(2),
      voidSerial: payload.number(3),
      answer: payload.bytes(5)
    }
    return { content, secrets: { session: this.session, ...noise.split() }, rooms }
  }
}

/** The responder's side of a message 1. Throws where it is to be dropped. */
export class MinimalResponder {
  readonly content: Message1Content
  /** Peer ID. */
  readonly initiator: Uint8Array
  readonly rooms: readonly MinimalRoom[]
  readonly #us: MinimalIdentity
  readonly #session: Uint8Array
  readonly #noise: MinimalNoise
  readonly #remoteEphemeral: Uint8Array
  readonly #remoteStatic: Uint8Array

  constructor(us: MinimalIdentity, session: Uint8Array, body: Uint8Array, rooms: readonly MinimalRoom[]) {
    if (!Buffer.from(session).equals(body.subarray(0, 16))) throw new Error('another session id')
    const noise = new MinimalNoise(prologueOf(us.peerIdBytes), us.staticKey)
    this.#us = us
    this.#session = session
    this.#noise = noise
    this.#remoteEphemeral = body.slice(0, 32)
    noise.mixHash(this.#remoteEphemeral)
    noise.mixDh(us.secret, this.#remoteEphemeral)
    this.#remoteStatic = noise.decrypt(body.subarray(32, 80))
    noise.mixDh(us.secret, this.#remoteStatic)
    const { hash } = noise
    const payload = new Message(noise.decrypt(body.subarray(80)))
    this.initiator = payload.bytes(1)
    const claimed = montgomery(this.initiator.subarray(PEER_ID_PREFIX.length))
    if (claimed === undefined || !Buffer.from(claimed).equals(this.#remoteStatic))
      throw new Error('key refused')
    const given = payload.all(5).map((each) => Buffer.from(each))
    this.rooms = rooms.filter((room) => {
      const expected = proof(room, 'initiator', hash, this.initiator, us.peerIdBytes)
      return given.some((each) => each.equals(expected))
    })
    if (this.rooms.length === 0) throw new Error('no proof of a room')
    this.content = {
      initiatorInstance: payload.bytes(2),
      responderInstance: payload.bytes(3),
      dialSerial: payload.number(4),
      offer: payload.bytes(6)
    }
  }

  answer(
    ephemeralSecret: Uint8Array,
    content: Message2Content
  ): { body: Uint8Array; secrets: SessionSecrets } {
    const noise = this.#noise
    const e = noise.writeEphemeral(ephemeralSecret)
    noise.mixDh(ephemeralSecret, this.#remoteEphemeral)
    noise.mixDh(ephemeralSecret, this.#remoteStatic)
    const proofs = this.rooms.map((room) =>
      proof(room, 'responder', noise.hash, this.initiator, this.#us.peerIdBytes)
    )
    const payload = encodeFields([
      [1, content.outcome],
      [2, content.responderInstance],
      [3, content.voidSerial],
      ...proofs.map((each) => [4, each] as const),
      [5, content.answer]
    ])
    const body = Uint8Array.from(Buffer.concat([e, noise.encrypt(payload)]))
    return { body, secrets: { session: this.#session, ...noise.split() } }
  }
}
