import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex as hex } from '@noble/hashes/utils.js'
import { x25519 } from '../../src/dh/noble.ts'
import { encodeEnvelope, encodeRetry, type EnvelopeKind } from '../../src/envelope/envelope.ts'
import { createInstance } from '../../src/freshness/instance.ts'
import { seal } from '../../src/handshake/cipher-state.ts'
import { HandshakeState, type KeyPair } from '../../src/handshake/handshake-state.ts'
import { createIdentity, prologueFor, type Identity } from '../../src/handshake/identity.ts'
import { Initiator } from '../../src/handshake/initiator.ts'
import { IK } from '../../src/handshake/patterns.ts'
import { encodeMessage1, encodeMessage2 } from '../../src/handshake/payloads.ts'
import { Responder } from '../../src/handshake/responder.ts'
import { StaticKeys } from '../../src/handshake/static-key.ts'
import { deriveRoom, encodeRoomKey, type Room, type RoomInit } from '../../src/index.ts'
import { createProof, type ProofContext } from '../../src/rooms/proof.ts'
import { encodePacket, type Packet } from '../../src/transport/packet.ts'

/** Bytes that are easy to tell apart: 32 of `first`, `first + 1`, … */
const counting = (first: number, length = 32): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (first + index) & 0xff)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const SEEDS = { alice: counting(0), bob: counting(64) }
const EPHEMERAL_SECRETS = { alice: counting(128), bob: counting(192) }

/** What no recorded message may be made of anew: inputs are fixed here alone. */
const ATTIC_KEY = counting(32)

function keyPair(secretKey: Uint8Array): KeyPair {
  return { secretKey, publicKey: x25519.publicKey(secretKey) }
}

function identities(): object[] {
  return Object.entries(SEEDS).map(([name, seed]) => {
    const { peer, peerBytes, publicKey, staticKey } = createIdentity(seed, x25519)
    return {
      name,
      seed: hex(seed),
      publicKey: hex(publicKey),
      peerId: peer,
      peerIdBytes: hex(peerBytes),
      x25519Secret: hex(staticKey.secretKey),
      x25519Public: hex(staticKey.publicKey)
    }
  })
}

function refusedKeys(): object[] {
  const good = ed25519.getPublicKey(SEEDS.bob)
  // A point of order eight (RFC 7748 lists its u; any will do).
  const order8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'
  const twisted = ed25519.Point.fromBytes(good).add(ed25519.Point.fromHex(order8)).toBytes()
  const identity = new Uint8Array(32).with(0, 1)
  return [
    { publicKey: hex(identity), why: 'the identity' },
    { publicKey: hex(identity.with(31, 0x80)), why: 'x = 0 with the sign bit set' },
    { publicKey: `ee${'ff'.repeat(30)}7f`, why: 'y = p + 1, not canonical' },
    { publicKey: order8, why: 'of small order' },
    { publicKey: hex(twisted), why: 'a good key plus a point of small order' },
    { publicKey: `02${'00'.repeat(31)}`, why: 'no point of the curve' }
  ]
}

async function roomVector(init: RoomInit & { key?: Uint8Array }): Promise<object> {
  const { topic, presenceKey, proofKey } = await deriveRoom(init)
  return {
    name: init.name,
    ...(init.password !== undefined && { password: init.password }),
    ...(init.key !== undefined && { key: hex(init.key), keyText: encodeRoomKey(init.key) }),
    topic,
    presenceKey: hex(presenceKey),
    proofKey: hex(proofKey)
  }
}

interface Handshake {
  readonly vector: object
  readonly session: Uint8Array
  readonly keys: { readonly sendKey: Uint8Array; readonly receiveKey: Uint8Array }
  readonly hash: Uint8Array
}

/** The handshake's hash at the point where a payload begins: what its proofs are bound to. */
function hashBeforePayload(bob: Identity, message1: Uint8Array, isSecond: boolean): Uint8Array {
  const state = new HandshakeState({
    pattern: IK,
    role: 'responder',
    prologue: prologueFor(bob.peerBytes),
    x25519,
    staticKey: bob.staticKey,
    generateEphemeral: () => keyPair(EPHEMERAL_SECRETS.bob)
  })
  const rest = state.readTokens(message1)!
  if (!isSecond) return state.hash
  state.readPayload(rest)
  state.writeTokens()
  return state.hash
}

function handshake(rooms: readonly Room[]): Handshake {
  const [alice, bob] = [createIdentity(SEEDS.alice, x25519), createIdentity(SEEDS.bob, x25519)]
  const instances = {
    alice: createInstance(1_700_000_000_000, counting(1, 8)),
    bob: createInstance(1_700_000_123_456, counting(9, 8))
  }
  const payload1 = {
    initiatorInstance: instances.alice,
    responderInstance: instances.bob,
    dialSerial: 300,
    offer: text('the offer')
  }
  const payload2 = {
    outcome: 'answer' as const,
    responderInstance: instances.bob,
    voidSerial: 7,
    answer: text('the answer')
  }
  const initiator = new Initiator({
    identity: alice,
    x25519,
    ephemeralKey: keyPair(EPHEMERAL_SECRETS.alice),
    remotePublicKey: bob.publicKey,
    remoteStaticKey: bob.staticKey.publicKey,
    rooms,
    payload: payload1
  })
  const { session, message1 } = initiator
  const responder = Responder.read({
    identity: bob,
    x25519,
    generateEphemeral: () => keyPair(EPHEMERAL_SECRETS.bob),
    staticKeys: new StaticKeys(1),
    session,
    message1
  })
  if (typeof responder === 'string') throw new Error(`message 1 is refused: ${responder}`)
  const { message2 } = responder.writeMessage2(rooms, payload2)
  const answered = initiator.readMessage2(message2)
  if (answered === undefined) throw new Error('message 2 is refused')
  const { sendKey, receiveKey, helloKey, handshakeHash } = answered.keys
  const hashes = [false, true].map((isSecond) => hashBeforePayload(bob, message1, isSecond))
  const context = (hash: Uint8Array): ProofContext => ({
    hash,
    initiator: alice.peerBytes,
    responder: bob.peerBytes
  })
  const proofs1 = rooms.map((room) => createProof(room, 'initiator', context(hashes[0])))
  const proofs2 = rooms.map((room) => createProof(room, 'responder', context(hashes[1])))
  const envelope = (kind: EnvelopeKind, recipient: Identity, body: Uint8Array): string =>
    hex(encodeEnvelope({ version: 1, recipient: recipient.peerBytes, session, kind, number: 0, body }))
  const vector = {
    initiator: 'alice',
    responder: 'bob',
    initiatorEphemeralSecret: hex(EPHEMERAL_SECRETS.alice),
    responderEphemeralSecret: hex(EPHEMERAL_SECRETS.bob),
    rooms: rooms.map(({ name }) => name),
    prologue: hex(prologueFor(bob.peerBytes)),
    session: hex(session),
    message1: {
      initiatorInstance: hex(instances.alice),
      responderInstance: hex(instances.bob),
      dialSerial: payload1.dialSerial,
      offer: hex(payload1.offer),
      hash: hex(hashes[0]),
      proofs: proofs1.map(hex),
      payload: hex(encodeMessage1({ ...payload1, initiator: alice.peerBytes, proofs: proofs1 })),
      body: hex(message1),
      envelope: envelope('message1', bob, message1)
    },
    message2: {
      outcome: 1,
      responderInstance: hex(instances.bob),
      voidSerial: payload2.voidSerial,
      answer: hex(payload2.answer),
      hash: hex(hashes[1]),
      proofs: proofs2.map(hex),
      payload: hex(encodeMessage2({ ...payload2, proofs: proofs2 })),
      body: hex(message2),
      envelope: envelope('message2', alice, message2)
    },
    initiatorKey: hex(sendKey),
    responderKey: hex(receiveKey),
    hash: hex(handshakeHash),
    helloKey: hex(helloKey)
  }
  return { vector, session, keys: { sendKey, receiveKey }, hash: handshakeHash }
}

function packets({ session, keys, hash }: Handshake, later: Room): object[] {
  const [alice, bob] = [createIdentity(SEEDS.alice, x25519), createIdentity(SEEDS.bob, x25519)]
  const nothing = { missing: new Uint8Array(0), firstMessage: 0, messages: [], close: false, proofs: [] }
  const context = { hash, initiator: alice.peerBytes, responder: bob.peerBytes }
  const sent: [from: 'alice' | 'bob', number: number, packet: Packet][] = [
    ['alice', 0, { ...nothing, received: 0, messages: [text('one'), text('two')] }],
    ['alice', 300, { ...nothing, received: 0, firstMessage: 2, messages: [text('three')] }],
    // 0 and 300 have come, 1 to 299 have not, as far back as is told.
    ['bob', 0, { ...nothing, received: 301, missing: missingBits(301, [0, 300]) }],
    [
      'bob',
      1,
      {
        ...nothing,
        received: 301,
        missing: missingBits(301, [0, 300]),
        proofs: [createProof(later, 'responder', context)]
      }
    ],
    ['alice', 301, { ...nothing, received: 2, proofs: [createProof(later, 'initiator', context)] }],
    ['alice', 302, { ...nothing, received: 2, firstMessage: 3, close: true }]
  ]
  return sent.map(([from, number, packet]) => {
    const plaintext = encodePacket(packet)
    const body = seal(from === 'alice' ? keys.sendKey : keys.receiveKey, number, session, plaintext)
    const recipient = (from === 'alice' ? bob : alice).peerBytes
    const { received, missing, firstMessage, messages, close, proofs } = packet
    return {
      from,
      number,
      received,
      missing: hex(missing),
      firstMessage,
      messages: messages.map(hex),
      close,
      proofs: proofs.map(hex),
      plaintext: hex(plaintext),
      body: hex(body),
      envelope: hex(encodeEnvelope({ version: 1, recipient, session, kind: 'transport', number, body }))
    }
  })
}

/** Bit i tells that `received - 2 - i` has not come, for up to 512 numbers. */
function missingBits(received: number, come: readonly number[]): Uint8Array {
  const bits = new Uint8Array(64)
  for (let index = 0; index < 512; index++) {
    const number = received - 2 - index
    if (number >= 0 && !come.includes(number)) bits[index >> 3] |= 1 << (index & 7)
  }
  const last = bits.findLastIndex((byte) => byte !== 0)
  return bits.slice(0, last + 1)
}

/** Everything in docs/specs/vectors/signaling.json. */
export async function signalingVectors(): Promise<object> {
  const [kitchen, attic, cellar] = await Promise.all([
    deriveRoom({ name: 'kitchen' }),
    deriveRoom({ name: 'attic', key: ATTIC_KEY }),
    deriveRoom({ name: 'cellar' })
  ])
  const done = handshake([kitchen, attic])
  return {
    protocol: 'hearsay/signal/1.0.0',
    identities: identities(),
    refusedKeys: refusedKeys(),
    rooms: await Promise.all([
      roomVector({ name: 'kitchen' }),
      roomVector({ name: 'attic', key: ATTIC_KEY }),
      roomVector({ name: 'cellar' }),
      // Typed with a combining accent: NFC makes one character of it.
      roomVector({ name: 'caf\u0065\u0301', password: 'correct horse' })
    ]),
    handshake: done.vector,
    packets: packets(done, cellar),
    retry: [
      {
        cookie: hex(counting(5, 16)),
        versions: [],
        body: hex(encodeRetry({ cookie: counting(5, 16), versions: [] }))
      },
      { versions: [1, 2], body: hex(encodeRetry({ versions: [1, 2] })) }
    ]
  }
}
