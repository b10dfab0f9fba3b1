import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { testPeerId } from '@hearsay/testing'
import {
  decodePresenceRecord,
  encodePresenceRecord,
  MAX_ADDRESSES,
  MAX_INTRODUCERS
} from '../src/presence/presence-record.ts'
import { knownRecord } from '../src/presence/known-record.ts'
import { helloProof, MAX_SEALED_BYTES, openPresence, sealPresence } from '../src/presence/presence-seal.ts'
import { recordOf } from './support/presence-room.ts'

const room = { topic: 'kitchen', presenceKey: new Uint8Array(32).fill(7) }
const nonce = new Uint8Array(24).fill(9)

describe('presence record', () => {
  it('survives encoding', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 })
    const record = fc.record(
      {
        instance: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        sequence: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        ttlMs: fc.nat(1_000_000).map((seconds) => seconds * 1_000),
        addresses: fc.array(bytes, { maxLength: MAX_ADDRESSES }),
        introducers: fc.array(fc.nat(1_000).map(testPeerId), { maxLength: MAX_INTRODUCERS }),
        services: fc.array(fc.string({ minLength: 1, maxLength: 16 }), { maxLength: 16 }),
        gone: fc.boolean(),
        settled: fc.maxSafeNat()
      },
      { noNullPrototype: true }
    )
    fc.assert(
      fc.property(record, (value) => {
        assert.deepEqual(decodePresenceRecord(encodePresenceRecord(value)), value)
      })
    )
  })

  it('is never made of arbitrary bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(decodePresenceRecord(bytes), undefined)
      })
    )
  })

  it('is refused where it is malformed: no sequence, a short instance, an endless address, service or list', () => {
    const refused = [
      recordOf({ sequence: 0 }),
      recordOf({ instance: new Uint8Array(15) }),
      recordOf({ addresses: [new Uint8Array(257)] }),
      recordOf({ addresses: [new Uint8Array()] }),
      recordOf({ services: ['x'.repeat(65)] }),
      recordOf({ services: Array.from({ length: 17 }, () => 'x') })
    ]
    for (const record of refused) {
      assert.equal(decodePresenceRecord(encodePresenceRecord(record)), undefined)
    }
  })

  describe('sealed', () => {
    it('opens for members of the room and names its signer', async () => {
      const key = await generateKeyPair('Ed25519')
      const record = recordOf({ addresses: [Uint8Array.of(4, 127, 0, 0, 1)] })
      const sealed = await sealPresence(record, key, room, nonce)
      const peerId = peerIdFromPrivateKey(key).toString()
      assert.deepEqual(await openPresence(sealed, room), {
        verdict: 'verified',
        known: knownRecord(peerId, record, sealed)
      })
    })

    it('shows nothing of the record or its signer', async () => {
      const key = await generateKeyPair('Ed25519')
      const address = fromString('a place that nobody else needs to know')
      const sealed = await sealPresence(recordOf({ addresses: [address] }), key, room, nonce)
      assert.equal(Buffer.from(sealed).includes(address), false)
      assert.equal(Buffer.from(sealed).includes(key.publicKey.raw), false)
    })

    it('is not verified where it says nothing new', async () => {
      const key = await generateKeyPair('Ed25519')
      const sealed = await sealPresence(recordOf(), key, room, nonce)
      const opened = await openPresence(sealed, room, () => false)
      const peerId = peerIdFromPrivateKey(key).toString()
      assert.deepEqual(opened, { verdict: 'stale', peerId, record: recordOf() })
    })

    it('counts in its own room only, also for who is in both', async () => {
      const key = await generateKeyPair('Ed25519')
      const envelope = await RecordEnvelope.seal(
        {
          domain: 'hearsay-presence cellar',
          codec: fromString('/hearsay/presence-record'),
          marshal: () => encodePresenceRecord(recordOf()),
          equals: () => false
        },
        key
      )
      assert.equal(await openPresence(encrypt(envelope.marshal()), room), undefined)
    })

    it('stays closed without the key, under another topic, and with any byte altered', async () => {
      const sealed = await sealPresence(recordOf(), await generateKeyPair('Ed25519'), room, nonce)
      assert.equal(await openPresence(sealed, { ...room, presenceKey: new Uint8Array(32) }), undefined)
      assert.equal(await openPresence(sealed, { ...room, topic: 'cellar' }), undefined)
      for (let index = 0; index < sealed.length; index++) {
        const altered = sealed.slice()
        altered[index] ^= 1
        const expected = index === 0 ? { verdict: 'foreign' } : undefined
        assert.deepEqual(await openPresence(altered, room), expected, `byte ${index}`)
      }
    })

    it('is foreign in another version, however long, which its relay may know', async () => {
      assert.deepEqual(await openPresence(Uint8Array.of(2), room), { verdict: 'foreign' })
      assert.deepEqual(await openPresence(new Uint8Array(MAX_SEALED_BYTES).fill(2), room), {
        verdict: 'foreign'
      })
      assert.equal(await openPresence(new Uint8Array(MAX_SEALED_BYTES + 1).fill(2), room), undefined)
      assert.equal(await openPresence(new Uint8Array(), room), undefined)
    })

    it('is refused where the signature is for another purpose', async () => {
      const key = await generateKeyPair('Ed25519')
      const envelope = await RecordEnvelope.seal(
        {
          domain: 'libp2p-peer-record',
          codec: fromString('/hearsay/presence-record'),
          marshal: () => encodePresenceRecord(recordOf()),
          equals: () => false
        },
        key
      )
      assert.equal(await openPresence(encrypt(envelope.marshal()), room), undefined)
    })

    it('is refused where the key is not Ed25519', async () => {
      const key = await generateKeyPair('secp256k1')
      const envelope = await RecordEnvelope.seal(
        {
          domain: `hearsay-presence ${room.topic}`,
          codec: fromString('/hearsay/presence-record'),
          marshal: () => encodePresenceRecord(recordOf()),
          equals: () => false
        },
        key
      )
      assert.equal(await openPresence(encrypt(envelope.marshal()), room), undefined)
    })

    it('never makes a member of arbitrary bytes, nor of too many', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
          const opened = await openPresence(bytes, room)
          assert.ok(opened === undefined || (opened.verdict === 'foreign' && bytes[0] !== 1))
          assert.equal(await openPresence(Uint8Array.of(1, ...bytes), room), undefined)
          assert.equal(await openPresence(encrypt(bytes), room), undefined)
        }),
        { numRuns: 50 }
      )
      assert.equal(await openPresence(encrypt(new Uint8Array(MAX_SEALED_BYTES)), room), undefined)
    })
  })

  it('proof of being in a room is good for one pair of peers, one way, in that room', () => {
    const proof = helloProof(room, 'alice', 'bob')
    assert.deepEqual(proof, helloProof(room, 'alice', 'bob'))
    for (const other of [
      helloProof(room, 'bob', 'alice'),
      helloProof(room, 'alice', 'carol'),
      helloProof({ ...room, topic: 'cellar' }, 'alice', 'bob'),
      helloProof({ ...room, presenceKey: new Uint8Array(32) }, 'alice', 'bob')
    ]) {
      assert.notDeepEqual(proof, other)
    }
  })
})

/** What a member who holds the room's key could send. */
function encrypt(plaintext: Uint8Array): Uint8Array {
  const aad = fromString(`/hearsay/presence/1.0.0 ${room.topic}`)
  return concat([Uint8Array.of(1), nonce, xchacha20poly1305(room.presenceKey, nonce, aad).encrypt(plaintext)])
}
