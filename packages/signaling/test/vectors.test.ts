import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { montgomeryOf } from '../src/handshake/static-key.ts'
import { signalingVectors } from './support/vectors.ts'

const FILE = join(import.meta.dirname, '../../../docs/specs/vectors/signaling.json')

describe('the test vectors of the specification', () => {
  const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as {
    refusedKeys: { publicKey: string; why: string }[]
  }

  it('are what this implementation does (else: npm run vectors, and another version of the protocol)', async () => {
    assert.deepEqual(vectors, await signalingVectors())
  })

  for (const { publicKey, why } of vectors.refusedKeys) {
    it(`hold a key that is refused here: ${why}`, () => {
      assert.ok('refused' in montgomeryOf(Uint8Array.from(Buffer.from(publicKey, 'hex'))))
    })
  }
})
