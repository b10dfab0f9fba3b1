import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { decodeFlood, encodeFlood, MAX_BODY_BYTES } from '../src/broadcast/flood.ts'
import { MAX_SEALED_BYTES, openFlood, sealFlood } from '../src/broadcast/flood-seal.ts'
import { broadcastVectors } from './support/broadcast-vectors.ts'
import { floodOf } from './support/floods.ts'
import type { OpenedFlood } from '../src/broadcast/flood-seal.ts'
import type { PrivateKey } from '@libp2p/interface'

const room = { topic: 'kitchen', broadcastKey: new Uint8Array(32).fill(7) }
const nonce = new Uint8Array(24).fill(9)

function opened(sealed: Uint8Array): OpenedFlood {
  const flood = openFlood(sealed, room)
  assert.ok(flood !== undefined && flood !== 'foreign')
  return flood
}

describe('a flood', () => {
  it('survives encoding', () => {
    const flood = fc.record(
      {
        instance: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        counter: fc.maxSafeNat().filter((counter) => counter > 0),
        codec: fc.string({ minLength: 1, maxLength: 32 }),
        body: fc.uint8Array({ maxLength: 300 })
      },
      { noNullPrototype: true }
    )
    fc.assert(
      fc.property(flood, (value) => {
        assert.deepEqual(decodeFlood(encodeFlood(value)), value)
      })
    )
  })

  it('is refused where it is malformed, and never throws', () => {
    const refused = [
      { ...floodOf(1), counter: 0 },
      { ...floodOf(1), instance: new Uint8Array(15) },
      { ...floodOf(1), codec: '' },
      { ...floodOf(1), codec: 'x'.repeat(33) },
      { ...floodOf(1), body: new Uint8Array(MAX_BODY_BYTES + 1) }
    ]
    for (const flood of refused) assert.equal(decodeFlood(encodeFlood(flood)), undefined)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(decodeFlood(bytes), undefined)
      })
    )
  })

  describe('sealed', () => {
    let key: PrivateKey & { type: 'Ed25519' }

    before(async () => {
      key = await generateKeyPair('Ed25519')
    })

    it('opens for members of the room and names its signer', async () => {
      const { origin, flood, verify } = opened(await sealFlood(floodOf(3), key, room, nonce))
      assert.equal(origin, peerIdFromPrivateKey(key).toString())
      assert.deepEqual(flood, floodOf(3))
      assert.equal(await verify(), true)
    })

    it('is as the test vectors of the specification say', async () => {
      const file = join(import.meta.dirname, '../../../docs/specs/vectors/broadcast.json')
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), await broadcastVectors())
    })

    it('has room for the largest body', async () => {
      const body = new Uint8Array(MAX_BODY_BYTES)
      const largest = { ...floodOf(1), counter: Number.MAX_SAFE_INTEGER, codec: 'x'.repeat(32), body }
      const sealed = await sealFlood(largest, key, room, nonce)
      assert.ok(sealed.length <= MAX_SEALED_BYTES)
      assert.equal(opened(sealed).flood.body.length, MAX_BODY_BYTES)
    })

    it('opens for nobody else, nor in another room, nor where a bit of it was changed', async () => {
      const sealed = await sealFlood(floodOf(3), key, room, nonce)
      assert.equal(openFlood(sealed, { ...room, broadcastKey: new Uint8Array(32) }), undefined)
      assert.equal(openFlood(sealed, { ...room, topic: 'cellar' }), undefined)
      fc.assert(
        fc.property(fc.integer({ min: 1, max: sealed.length - 1 }), fc.nat(7), (index, bit) => {
          const changed = Uint8Array.from(sealed)
          changed[index] = (changed[index] ?? 0) ^ (1 << bit)
          assert.equal(openFlood(changed, room), undefined)
        })
      )
    })

    it('of another version is for others to judge; what is too long or too short is nothing', async () => {
      assert.equal(openFlood(Uint8Array.of(2, 1, 2, 3), room), 'foreign')
      assert.equal(openFlood(new Uint8Array(0), room), undefined)
      assert.equal(openFlood(new Uint8Array(41).fill(1), room), undefined)
      assert.equal(openFlood(new Uint8Array(MAX_SEALED_BYTES + 1).fill(1), room), undefined)
    })

    it('is not its signer’s where a member signed for another, for another room, or for another purpose', async () => {
      const other = await generateKeyPair('Ed25519')
      const payload = encodeFlood(floodOf(3))
      const envelope = async (domain: string): Promise<RecordEnvelope> =>
        RecordEnvelope.seal(
          { domain, codec: fromString('/hearsay/broadcast'), marshal: () => payload, equals: () => false },
          other
        )
      const seal = (marshalled: Uint8Array): Uint8Array => {
        const aad = fromString(`/hearsay/broadcast/1.0.0 ${room.topic}`)
        const sealed = xchacha20poly1305(room.broadcastKey, nonce, aad).encrypt(marshalled)
        return concat([Uint8Array.of(1), nonce, sealed])
      }
      const { payloadType, signature } = await envelope('hearsay-broadcast kitchen')
      const stolen = new RecordEnvelope({ publicKey: key.publicKey, payloadType, payload, signature })
      const forged = opened(seal(stolen.marshal()))
      assert.equal(forged.origin, peerIdFromPrivateKey(key).toString())
      assert.equal(await forged.verify(), false)
      for (const domain of ['hearsay-broadcast cellar', 'hearsay-presence kitchen']) {
        assert.equal(await opened(seal((await envelope(domain)).marshal())).verify(), false)
      }
      assert.equal(await opened(seal((await envelope('hearsay-broadcast kitchen')).marshal())).verify(), true)
    })

    it('of a key that is no peer’s of ours is nothing', async () => {
      const foreign = await generateKeyPair('secp256k1')
      const sealed = await sealFlood(floodOf(3), foreign as never, room, nonce)
      assert.equal(openFlood(sealed, room), undefined)
    })
  })
})
