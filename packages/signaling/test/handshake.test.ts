import assert from 'node:assert/strict'
import { ed25519 } from '@noble/curves/ed25519.js'
import { x25519 } from '../src/dh/noble.ts'
import type { X25519 } from '../src/dh/x25519.ts'
import { createIdentity, type Identity } from '../src/handshake/identity.ts'
import { Initiator } from '../src/handshake/initiator.ts'
import { Responder } from '../src/handshake/responder.ts'
import { montgomeryOf, StaticKeys } from '../src/handshake/static-key.ts'
import { x25519 as openssl } from '../src/node/x25519.ts'
import { deriveRoom, peerIdOfSeed, type Room } from '../src/index.ts'
import { publicKeyOf } from '../src/peer-key.ts'
import { KITCHEN, seedOf } from './support/member.ts'
import { createRandomBytes } from './support/random.ts'

const alice = createIdentity(seedOf(0), x25519)
const bob = createIdentity(seedOf(1), x25519)
const instance = (byte: number) => new Uint8Array(16).fill(byte)
const OFFER = new TextEncoder().encode('the offer')
const ANSWER = new TextEncoder().encode('the answer')

function ephemeral(seed: number) {
  const secretKey = createRandomBytes(seed)(32)
  return { secretKey, publicKey: x25519.publicKey(secretKey) }
}

function initiate(
  from: Identity,
  remotePublicKey: Uint8Array,
  remoteStaticKey: Uint8Array,
  rooms: Room[] = [KITCHEN],
  dh: X25519 = x25519
): Initiator {
  return new Initiator({
    identity: from,
    x25519: dh,
    ephemeralKey: ephemeral(42),
    remotePublicKey,
    remoteStaticKey,
    rooms,
    payload: { initiatorInstance: instance(1), responderInstance: instance(2), dialSerial: 7, offer: OFFER }
  })
}

function read(as: Identity, session: Uint8Array, message1: Uint8Array, dh: X25519 = x25519) {
  return Responder.read({
    identity: as,
    x25519: dh,
    generateEphemeral: () => ephemeral(43),
    staticKeys: new StaticKeys(10),
    session,
    message1
  })
}

function answer(responder: Responder, room = KITCHEN) {
  return responder.writeMessage2([room], {
    outcome: 'answer',
    responderInstance: instance(2),
    voidSerial: 3,
    answer: ANSWER
  })
}

describe('the handshake', () => {
  const initiator = initiate(alice, bob.publicKey, bob.staticKey.publicKey)
  const responder = read(bob, initiator.session, initiator.message1)
  assert.ok(typeof responder !== 'string')
  const { message2, keys } = answer(responder)

  it('carries offer and answer, and leaves both sides with the same keys', () => {
    assert.deepEqual(responder.payload.offer, OFFER)
    assert.equal(responder.payload.dialSerial, 7)
    assert.deepEqual(responder.remotePublicKey, alice.publicKey)
    const result = initiator.readMessage2(message2)
    assert.ok(result !== undefined)
    assert.deepEqual(result.payload.answer, ANSWER)
    assert.equal(result.payload.voidSerial, 3)
    assert.deepEqual(result.keys, {
      sendKey: keys.receiveKey,
      receiveKey: keys.sendKey,
      helloKey: keys.helloKey,
      handshakeHash: keys.handshakeHash
    })
    assert.equal(new Set([keys.sendKey, keys.receiveKey, keys.helloKey].map(String)).size, 3)
  })

  it('is the same over either implementation of X25519', () => {
    const other = initiate(alice, bob.publicKey, bob.staticKey.publicKey, [KITCHEN], openssl)
    assert.deepEqual(other.message1, initiator.message1)
    assert.ok(typeof read(bob, other.session, other.message1, openssl) !== 'string')
    assert.deepEqual(createIdentity(seedOf(0), openssl), alice)
  })

  it('takes an identity as a seed or with its public key, but not halves of two', () => {
    const whole = (publicKey: Uint8Array): Uint8Array => Uint8Array.of(...seedOf(0), ...publicKey)
    assert.deepEqual(createIdentity(whole(alice.publicKey), x25519), alice)
    const refused = { code: 'ERR_UNSUPPORTED_KEY' }
    assert.throws(() => createIdentity(whole(bob.publicKey), x25519), refused)
    assert.throws(() => createIdentity(seedOf(0).subarray(1), x25519), refused)
  })

  it('refuses message 1 with any byte altered, or cut short', () => {
    for (let position = 0; position < initiator.message1.length; position++) {
      const altered = initiator.message1.slice()
      altered[position] ^= 0x80
      assert.equal(typeof read(bob, altered.slice(0, 16), altered), 'string', `byte ${position}`)
      const cut = initiator.message1.subarray(0, position)
      assert.equal(typeof read(bob, initiator.session, cut), 'string', `cut at ${position}`)
    }
  }).timeout(60_000)

  it('refuses message 2 with any byte altered or cut short, and still takes the true one afterwards', () => {
    for (let position = 0; position < message2.length; position++) {
      const altered = message2.slice()
      altered[position] ^= 1
      assert.equal(initiator.readMessage2(altered), undefined)
      assert.equal(initiator.readMessage2(message2.subarray(0, position)), undefined)
    }
    assert.ok(initiator.readMessage2(message2) !== undefined)
  }).timeout(60_000)

  it('refuses a session id that is not of the ephemeral key', () => {
    assert.equal(read(bob, new Uint8Array(16), initiator.message1), 'session-mismatch')
  })

  it('is worth nothing to another responder', () => {
    const carol = createIdentity(seedOf(2), x25519)
    assert.equal(read(carol, initiator.session, initiator.message1), 'not-authentic')
  })

  it('proves a room to who knows its key only, in both directions', async () => {
    const cellar = await deriveRoom({ name: 'cellar' })
    assert.deepEqual(responder.provenRooms([cellar]), [])
    assert.deepEqual(responder.provenRooms([cellar, KITCHEN]), [KITCHEN])
    const again = read(bob, initiator.session, initiator.message1)
    assert.ok(typeof again !== 'string')
    assert.equal(initiator.readMessage2(answer(again, cellar).message2), undefined)
  })

  it('proves any of four rooms', async () => {
    const rooms = await Promise.all(['a', 'b', 'c'].map((name) => deriveRoom({ name })))
    const many = initiate(alice, bob.publicKey, bob.staticKey.publicKey, [...rooms, KITCHEN])
    const result = read(bob, many.session, many.message1)
    assert.ok(typeof result !== 'string')
    assert.deepEqual(result.provenRooms([KITCHEN]), [KITCHEN])
  })
})

describe('keys that are refused', () => {
  const { Point } = ed25519
  const p = 2n ** 255n - 19n
  const little = (value: bigint) => {
    const bytes = new Uint8Array(32)
    for (let index = 0; index < 32; index++) {
      bytes[index] = Number((value >> BigInt(8 * index)) & 0xffn)
    }
    return bytes
  }
  // A point of order 8 (RFC 7748's small subgroup), in its canonical encoding.
  const order8 = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')

  const cases: [string, Uint8Array][] = [
    ['y = p + 3, which is not canonical', little(p + 3n)],
    ['y = 1 with the sign of x set, which is not canonical', little(1n | (1n << 255n))],
    ['y = p + 1: the identity, not canonical', little(p + 1n)],
    ['no point of the curve', little(2n)],
    ['the identity', little(1n)],
    ['the point of order 2', little(p - 1n)],
    ['a point of order 4', little(0n)],
    ['a point of order 8', order8.toBytes()],
    ['a good key plus a point of order 8', Point.fromBytes(bob.publicKey).add(order8).toBytes()],
    [
      'a good key plus the point of order 2',
      Point.fromBytes(bob.publicKey).add(order8.multiply(4n)).toBytes()
    ]
  ]

  for (const [name, key] of cases) {
    it(name, () => assert.ok('refused' in montgomeryOf(key)))
  }

  it('but not a good one', () => {
    assert.deepEqual(montgomeryOf(bob.publicKey), { staticKey: bob.staticKey.publicKey })
  })

  it('a message 1 to the negated peer ID, whose X25519 form is the same', () => {
    const negated = Point.fromBytes(bob.publicKey).negate().toBytes()
    assert.deepEqual(montgomeryOf(negated), { staticKey: bob.staticKey.publicKey })
    const initiator = initiate(alice, negated, bob.staticKey.publicKey)
    assert.equal(read(bob, initiator.session, initiator.message1), 'not-authentic')
  })

  it("an initiator that names another's peer ID beside its own static key", () => {
    const liar = { ...alice, peerBytes: bob.peerBytes }
    const initiator = initiate(liar, bob.publicKey, bob.staticKey.publicKey)
    assert.equal(read(bob, initiator.session, initiator.message1), 'key-refused')
  })

  it('an initiator whose peer ID has a small-order part', () => {
    const twisted = Point.fromBytes(alice.publicKey).add(order8).toBytes()
    const liar = { ...alice, peerBytes: new Uint8Array([...alice.peerBytes.subarray(0, 6), ...twisted]) }
    const initiator = initiate(liar, bob.publicKey, bob.staticKey.publicKey)
    assert.equal(read(bob, initiator.session, initiator.message1), 'key-refused')
  })

  it('an ephemeral key of small order, over either implementation of X25519', () => {
    const ephemeralKey = { secretKey: seedOf(3), publicKey: new Uint8Array(32) }
    const message1 = new Uint8Array(200)
    message1.set(ephemeralKey.publicKey)
    for (const dh of [x25519, openssl]) {
      assert.equal(read(bob, message1.slice(0, 16), message1, dh), 'not-authentic')
    }
  })

  it('a DH that an implementation lets pass as all zero', () => {
    const lenient: X25519 = { ...x25519, sharedSecret: () => new Uint8Array(32) }
    assert.throws(
      () => initiate(alice, bob.publicKey, bob.staticKey.publicKey, [KITCHEN], lenient),
      TypeError
    )
    const { session, message1 } = initiate(alice, bob.publicKey, bob.staticKey.publicKey)
    assert.equal(read(bob, session, message1, lenient), 'not-authentic')
  })

  it('peer IDs of RSA and secp256k1 keys, and what is no peer ID', () => {
    for (const peerId of [
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      '16Uiu2HAkwUuHBPPeFPDVbXMkVg1h8dKXWCqcj5SWMDhX4CNN5BWK',
      'no peer ID',
      ''
    ]) {
      assert.throws(() => publicKeyOf(peerId), { code: 'ERR_UNSUPPORTED_KEY' })
    }
    assert.deepEqual(publicKeyOf(peerIdOfSeed(seedOf(1))), bob.publicKey)
  })
})
